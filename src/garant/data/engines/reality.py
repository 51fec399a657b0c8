"""Measures of places that look at reality: stores, sites, public addresses, outgoing connections. Each plants a fault in what it saw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from garant.data.engines.eyes import Eyes
from garant.data.engines.look import known as addresses_of
from garant.data.engines.look import looks
from garant.data.engines.places import register
from garant.data.policy import reality, scope
from garant.data.policy.places import Register, Site, Store
from garant.data.policy.reality import Difference, Look, Spoken
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.text import Text

THIS_MACHINE = ".localhost"
"""Names of this machine (RFC 6761): they lead nowhere for anybody else, so that nobody is asked about them."""
Tell = Callable[[Mapping[str, str]], bool]
"""Takes what was seen of stores (`there`, `elsewhere`), for the public report."""


class Observed:
    """The stores in scope, looked at. `tell`: to whom what was seen is told."""

    def __init__(self, eyes: Eyes, tell: Tell) -> None:
        self._eyes, self._tell = eyes, tell

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Each store once. The canary: every look again, spoilt, must be reported."""
        known, asked = register(), promise.parameters
        stores = scope.in_scope(known, asked)
        seen = looks(known, stores, self._eyes)
        found = _found(known, seen)
        kinds = scope.names(asked, "kinds")
        strangers: list[Difference] = []
        if not kinds or set(kinds) & {"database", "replica"}:
            strangers = reality.strangers(known, addresses_of(known, self._eyes), self._eyes.peers().replicas)
        self._tell(told(known, seen))
        made = _observation(known, seen, [*found, *strangers])
        return replace(made, checked=made.checked + len(strangers), in_scope=made.in_scope + len(strangers))


class SiteObserved:
    """The site of which a sentence speaks: our processes run there; of a second one, its stores answer there and not at the first."""

    def __init__(self, eyes: Eyes, tell: Tell) -> None:
        self._eyes, self._tell = eyes, tell

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        known, asked = register(), promise.parameters
        sites = scope.sites_in_question(known, asked)
        facts: dict[str, Json] = {
            "sites": [
                {
                    "site": each.key,
                    "city": each.city,
                    "province": each.province,
                    "wrong": scope.wrong_site(each, asked),
                    "unsaid": scope.unsaid_of_site(each, asked),
                }
                for each in sites
            ],
        }
        if not sites:
            return Observation(0, 0, {**facts, "differences": []}, Canary.HELD)
        site = sites[0]
        kinds = scope.names(asked, "kinds")
        stores = [each for each in known.stores.values() if each.site == site.key and (not kinds or each.kind in kinds)]
        seen = looks(known, stores, self._eyes)
        self._tell(told(known, seen))
        found = _found(known, seen)
        if site.role == "primary":
            found += self._processes(known, site)
        elif set(self._eyes.identities()) & set(site.machines):
            found.append(Difference("garant", "machine", "", "primary"))
        made = _observation(known, seen, found)
        return Observation(made.checked, made.in_scope, {**made.facts, **facts}, made.canary)

    def _processes(self, known: Register, site: Site) -> list[Difference]:
        """This machine, and those from which our processes speak to the database."""
        if not site.machines:
            raise EngineError(
                Text(
                    f"aucune machine n’est au registre pour le site {site.key}; écrivez ce que dit `garant place machine`.",
                    f"no machine is registered for the site {site.key}; write what `garant place machine` prints",
                )
            )
        here = known.site_of_machine(self._eyes.identities())
        found = [] if here is not None and here.key == site.key else [Difference("garant", "machine", "", site.key)]
        peers = self._eyes.peers().processes
        found += [Difference("", "peer", each, site.key) for each in reality.peers_outside(site, peers)]
        return found


class EdgeAddresses:
    """Where the public names lead, as name servers answer. The canary: an answer at an address that no site has."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        known, countries = register(), scope.names(promise.parameters, "countries")
        hosts = self._eyes.hosts()
        asked = {host: label for host, label in hosts.items() if known.servers or not host.endswith(THIS_MACHINE)}
        answers = {label: self._eyes.resolve(host, known.servers) for host, label in asked.items()}
        found = [each for label, seen in answers.items() for each in _elsewhere(known, label, seen, countries)]
        planted = _elsewhere(known, "planted", reality.NOBODYS, countries)
        facts: dict[str, Json] = {
            "names": {label: [{"address": each, "site": site} for each, site in reality.sites_reached(known, seen).items()]
                      for label, seen in answers.items()},
            "asked": "named servers" if known.servers else "own resolver",
            "differences": [each.json() for each in found],
        }  # fmt: skip
        checked = sum(1 for seen in answers.values() if seen)
        return Observation(checked, len(hosts), facts, Canary.HELD if len(planted) == len(reality.NOBODYS) else Canary.MISSED)


class SpokenTo:
    """To whom our processes speak. The canary: a connection that the supervisor holds to itself, which nobody registered."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        known, countries = register(), scope.names(promise.parameters, "countries")
        talk = self._eyes.talk()
        addresses = addresses_of(known, self._eyes)
        found = [each for one in talk.spoken for each in _unregistered(known, addresses, one, countries)]
        planted = _unregistered(known, addresses, Spoken(reality.NOBODYS[0], 9, "planted"), countries)
        registered = sorted({store.key for one in talk.spoken if (store := reality.store_of(known, addresses, one)) is not None})
        facts: dict[str, Json] = {
            "connections": len(talk.spoken),
            "stores": list(registered),
            "differences": [each.json() for each in found],
        }
        held = talk.planted and bool(planted)
        return Observation(max(0, talk.processes - talk.hidden), talk.processes, facts, Canary.HELD if held else Canary.MISSED)


def told(known: Register, seen: Iterable[Look]) -> dict[str, str]:
    """What looks say, in the words of the public report; those without an answer are left out."""
    return {each.store: "elsewhere" if reality.compare(known, each) else "there" for each in seen if reality.answered(each)}


def _found(known: Register, seen: Iterable[Look]) -> list[Difference]:
    return [found for each in seen if reality.answered(each) and (found := reality.compare(known, each)) is not None]


def _observation(known: Register, seen: Sequence[Look], found: Sequence[Difference]) -> Observation:
    answered = [each for each in seen if reality.answered(each)]
    held = all(reality.compare(known, reality.spoilt(each)) is not None for each in answered)
    facts: dict[str, Json] = {
        "stores": told(known, seen),
        "unseen": [{"store": each.store, "why": each.why.en} for each in seen if each.why is not None],
        "differences": [each.json() for each in found],
    }
    return Observation(len(answered), len(seen), facts, Canary.HELD if held else Canary.MISSED)


def _elsewhere(known: Register, label: str, seen: Iterable[str], countries: Sequence[str]) -> list[Difference]:
    """Addresses that no site announces, or only one in a country that the sentence does not name."""
    found = []
    for address, key in reality.sites_reached(known, seen).items():
        site = known.sites.get(key)
        if site is None or (countries and known.regions[site.region].country not in countries):
            found.append(Difference(label, "name", address))
    return found


def _unregistered(known: Register, addresses: Mapping[str, Sequence[str]], one: Spoken, countries: Sequence[str]) -> list[Difference]:
    store: Store | None = reality.store_of(known, addresses, one)
    place = f"{one.address}:{one.port}"
    if store is None:
        return [Difference(one.process, "spoken", place)]
    country = known.region_of(store).country
    return [Difference(one.process, "abroad", f"{store.key} ({place})", country)] if countries and country not in countries else []
