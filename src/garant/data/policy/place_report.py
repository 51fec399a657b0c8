"""The public report of where data are, as a value: what is signed, and how a stranger checks it.

    signed bytes = "garant/places/1\\n" + canonical JSON of `report`

Ed25519 by the deployment's key, whose public half is published. A signature proves who says it and when, not that it is true: each
store says whether it was looked at, when, and who vouches for what no program sees. No address, no path and no customer stands in it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from garant.data.policy.places import Register, Store
from garant.kernel.canonical import Json, canonical, moment

FORMAT = "garant/places/1"
PREFIX = FORMAT.encode() + b"\n"

AGE = timedelta(hours=1)
"""A report that says nothing new is made again after this long."""


@dataclass(frozen=True)
class Seen:
    """What a look said of a store (`there`, `elsewhere`) and when."""

    state: str
    at: str


def signature(key: Ed25519PrivateKey, report: Mapping[str, Json]) -> str:
    """Base64url of the signature, without padding."""
    return base64.urlsafe_b64encode(key.sign(PREFIX + canonical(report))).rstrip(b"=").decode()


def report(register: Register, *, version: int, digest: str, seen: Mapping[str, Seen], now: datetime) -> dict[str, Json]:
    """Where data are, by store, with the map of countries."""
    return {
        "format": FORMAT,
        "made_at": moment(now),
        "register": {"version": version, "sha256": digest, "dated": register.dated.isoformat()},
        "regions": [{"key": each.key, "name": each.name.as_dict(), "country": each.country} for each in register.regions.values()],
        "countries": {country: list(regions) for country, regions in register.countries.items()},
        "stores": [_store(register, each, seen) for each in register.stores.values()],
    }


def merged(last: Mapping[str, Any] | None, register: Register, told: Mapping[str, str], now: datetime) -> dict[str, Seen]:
    """What was told now over what the last report said, of the stores that the register still has."""
    before = {each["key"]: Seen(each["seen"], each["seen_at"]) for each in last["stores"] if each["seen_at"]} if last else {}
    found = {**before, **{key: Seen(state, moment(now)) for key, state in told.items()}}
    return {key: seen for key, seen in found.items() if key in register.stores}


def is_news(last: Mapping[str, Any] | None, made: Mapping[str, Any], now: datetime) -> bool:
    """Whether a report says something else than the last one, or the last one has aged."""
    if last is None or now - datetime.fromisoformat(last["made_at"]) >= AGE:
        return True
    return _bare(last) != _bare(made)


def _bare(made: Mapping[str, Any]) -> dict[str, Any]:
    stores = [{name: value for name, value in each.items() if name != "seen_at"} for each in made["stores"]]
    return {**made, "made_at": "", "stores": stores}


def _store(register: Register, store: Store, seen: Mapping[str, Seen]) -> dict[str, Json]:
    region, site, word = register.region_of(store), register.site_of(store), register.word_of(store)
    return {
        "key": store.key,
        "name": store.name.as_dict(),
        "kind": store.kind,
        "holds": list(store.holds),
        "serves": list(store.serves),
        "provider": store.provider,
        "region": region.key,
        "country": region.country,
        "city": site.city if site else "",
        "purpose": store.purpose.as_dict() if store.purpose else None,
        "seen": seen[store.key].state if store.key in seen else "unseen",
        "seen_at": seen[store.key].at if store.key in seen else None,
        "attested": {"by": word.by, "document": word.document, "until": word.until.date().isoformat()} if word else None,
    }
