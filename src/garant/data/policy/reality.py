"""What was seen against what the register says. Pure.

A look that could not be made is no answer; a look that found something else is a difference, and a difference breaks the sentence.
"""

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from garant.data.policy.places import Network, Register, Site, Store
from garant.kernel.canonical import Json
from garant.kernel.text import Text

NOBODYS = ("240.0.0.1", "100::1")
"""Addresses that no machine has: of a class never given out, and of the prefix that leads nowhere (RFC 6666)."""


@dataclass(frozen=True)
class Look:
    """One look at one store. `here`: of a local one, whether this machine stands at its site; `mount`: addresses of the machine that
    lends it the directory; `addresses`: where its name leads; `location`: what a bucket says; `streaming`: of a replica, whether it
    follows; `why`: why nothing could be seen."""

    store: str
    here: bool | None = None
    mount: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    location: str = ""
    streaming: bool | None = None
    why: Text | None = None


@dataclass(frozen=True)
class Difference:
    """Something is not where the register says. `what`: machine, mount, address, bucket, replica, peer, name, spoken."""

    store: str
    what: str
    seen: str
    expected: str = ""

    def json(self) -> dict[str, Json]:
        return {"store": self.store, "what": self.what, "seen": self.seen, "expected": self.expected}


@dataclass(frozen=True)
class Spoken:
    """A connection that one of our processes opened to somebody else."""

    address: str
    port: int
    process: str


def inside(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of these networks."""
    found = ipaddress.ip_address(address)
    return any(found.version == each.version and found in each for each in networks)


def compare(register: Register, look: Look) -> Difference | None:
    """What a look found elsewhere, or None. A look without an answer finds nothing: `answered` tells it apart."""
    store = register.stores[look.store]
    networks = register.networks_of(store)
    announced = ", ".join(str(each) for each in networks)
    stray = [each for each in (*look.mount, *look.addresses) if not inside(each, networks)]
    if stray:
        return Difference(look.store, "mount" if look.mount else "address", stray[0], announced)
    if store.local and look.here is False and not look.mount:
        return Difference(look.store, "machine", "", store.site)
    if look.location and look.location != store.location:
        return Difference(look.store, "bucket", look.location, store.location)
    return None


def answered(look: Look) -> bool:
    """Whether this look saw anything: one without an answer is neither good nor bad."""
    return look.why is None and look.streaming is not False


def spoilt(look: Look) -> Look:
    """The same look with a planted fault: what `compare` must report."""
    if look.location:
        return replace(look, location=f"not-{look.location}")
    if look.addresses or look.mount:
        return replace(look, addresses=(*look.addresses, *NOBODYS))
    return replace(look, here=False, mount=())


def strangers(register: Register, known: Mapping[str, Collection[str]], replicas: Iterable[str]) -> list[Difference]:
    """Replicas that follow the database and that nobody registered. `known`: addresses by store; '' is a replica of this machine."""
    found = []
    for address in replicas:
        allowed = [
            store.key
            for store in register.stores.values()
            if store.kind == "replica"
            and (store.local if not address else address in known.get(store.key, ()) or inside(address, register.networks_of(store)))
        ]
        if not allowed:
            found.append(Difference("", "replica", address or "this machine"))
    return found


def peers_outside(site: Site, peers: Iterable[str], *, loopback: bool = True) -> list[str]:
    """Addresses of processes of ours that are not at this site. `loopback`: addresses of this machine are at its site."""
    return sorted(
        {each for each in peers if each and not (loopback and ipaddress.ip_address(each).is_loopback) and not inside(each, site.networks)}
    )


def store_of(register: Register, known: Mapping[str, Collection[str]], spoken: Spoken) -> Store | None:
    """The registered store to which a connection goes: its port, and one of its addresses or of its networks."""
    for store in register.stores.values():
        at_its_port = bool(store.host) and store.port == spoken.port
        if at_its_port and (spoken.address in known.get(store.key, ()) or inside(spoken.address, register.networks_of(store))):
            return store
    return None


def sites_reached(register: Register, addresses: Iterable[str]) -> dict[str, str]:
    """Address to the key of the site that announces it; '' where none does."""
    return {each: next((site.key for site in register.sites.values() if inside(each, site.networks)), "") for each in addresses}


def words(differences: Sequence[Difference]) -> Text:
    """All of it in one sentence, for a verdict's reason."""
    told = [_told(each) for each in differences[:5]]
    more = len(differences) - len(told)
    return Text(
        "; ".join(each.fr for each in told) + (f"; et {more} autres" if more else "") + ".",
        "; ".join(each.en for each in told) + (f"; and {more} more" if more else "") + ".",
    )


def _told(one: Difference) -> Text:
    name, seen, expected = one.store, one.seen, one.expected or "–"
    return {
        "machine": Text(
            f"{name} se trouve sur une machine qui n’est pas du site {expected}",
            f"{name} is on a machine that is not of the site {expected}",
        ),
        "mount": Text(
            f"le répertoire de {name} est prêté par {seen}, hors des réseaux annoncés ({expected})",
            f"the directory of {name} is lent by {seen}, outside the announced networks ({expected})",
        ),
        "address": Text(
            f"{name} mène à {seen}, hors des réseaux annoncés ({expected})",
            f"{name} leads to {seen}, outside the announced networks ({expected})",
        ),
        "bucket": Text(
            f"{name} dit se trouver à {seen}, le registre dit {expected}",
            f"{name} says that it is in {seen}, the register says {expected}",
        ),
        "replica": Text(
            f"une réplique à {seen} suit la base de données et n’est pas au registre",
            f"a replica at {seen} follows the database and is not in the register",
        ),
        "peer": Text(
            f"un de nos processus parle à la base de données depuis {seen}, hors du site {expected}",
            f"a process of ours speaks to the database from {seen}, outside the site {expected}",
        ),
        "name": Text(
            f"l’adresse publique de {name} mène à {seen}, hors des sites permis",
            f"the public address of {name} leads to {seen}, outside the allowed sites",
        ),
        "spoken": Text(
            f"le processus {name} parle à {seen}, qui n’est pas au registre",
            f"the process {name} speaks to {seen}, which is not in the register",
        ),
        "abroad": Text(
            f"le processus {name} parle à {seen}, dans le pays {expected}",
            f"the process {name} speaks to {seen}, in {expected}",
        ),
    }[one.what]
