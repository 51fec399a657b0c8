"""The public report of where data are, as a value: what is signed, and how a stranger checks it.

    signed bytes = "garant/places/1\\n" + canonical JSON of `report`

Ed25519 by the deployment's key, whose public half is published. A signature proves who says it and when, not that it is true: each
store says whether it was looked at, when, and who vouches for what no program sees. No address, no path and no customer stands in it.
"""

import base64
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from garant.data.policy.places import Register, Store
from garant.kernel.canonical import Json, canonical, moment

FORMAT = "garant/places/1"
PREFIX = FORMAT.encode() + b"\n"

Seen = Mapping[str, str]
"""Store key to what a look at reality said: `there`, `elsewhere`; absent: it could not be looked at."""


def signature(key: Ed25519PrivateKey, report: Mapping[str, Json]) -> str:
    """Base64url of the signature, without padding."""
    return base64.urlsafe_b64encode(key.sign(PREFIX + canonical(report))).rstrip(b"=").decode()


def report(register: Register, *, version: int, digest: str, seen: Seen, now: datetime) -> dict[str, Json]:
    """Where data are, by store, with the map of countries."""
    return {
        "format": FORMAT,
        "made_at": moment(now),
        "register": {"version": version, "sha256": digest, "dated": register.dated.isoformat()},
        "regions": [{"key": each.key, "name": each.name.as_dict(), "country": each.country} for each in register.regions.values()],
        "countries": {country: list(regions) for country, regions in register.countries.items()},
        "stores": [_store(register, each, seen) for each in register.stores.values()],
    }


def _store(register: Register, store: Store, seen: Seen) -> dict[str, Json]:
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
        "seen": seen.get(store.key, "unseen"),
        "attested": {"by": word.by, "document": word.document, "until": word.until.date().isoformat()} if word else None,
    }
