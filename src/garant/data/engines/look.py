"""Looking at stores: where a name leads, what a bucket says, on which machine a directory is, who follows the database."""

from collections.abc import Iterable, Mapping, Sequence

from garant.data.engines.eyes import Eyes
from garant.data.policy.places import Register, Store
from garant.data.policy.reality import Look, inside
from garant.kernel.errors import EngineError
from garant.kernel.text import Text

NO_NETWORK = Text("aucun réseau n’est annoncé pour ce lieu", "no network is announced for this place")
NO_NAME = Text("son nom ne mène à aucune adresse", "its name leads to no address")
NOT_FOLLOWING = Text("elle est au registre et ne suit pas la base de données", "it is in the register and does not follow the database")


def looks(register: Register, stores: Iterable[Store], eyes: Eyes) -> list[Look]:
    """One look at each of these stores. Replicas are asked of the database, once."""
    every = list(stores)
    followers = eyes.peers().replicas if any(store.kind == "replica" for store in every) else ()
    return [_look(register, store, eyes, followers) for store in every]


def known(register: Register, eyes: Eyes) -> Mapping[str, Sequence[str]]:
    """Addresses by store, of every store that has a host; none for a name that does not resolve now."""
    found: dict[str, Sequence[str]] = {}
    for store in register.stores.values():
        if store.host:
            try:
                found[store.key] = eyes.resolve(store.host, register.servers)
            except EngineError:
                found[store.key] = ()
    return found


def _look(register: Register, store: Store, eyes: Eyes, followers: Sequence[str]) -> Look:
    try:
        seen = _local(register, store, eyes) if store.local else _remote(register, store, eyes)
    except EngineError as error:
        return Look(store.key, why=Text(error.fr or str(error), str(error)))
    if store.kind != "replica" or seen.why is not None:
        return seen
    following = [each for each in followers if _is_at(register, store, each, seen)]
    why = None if following else NOT_FOLLOWING
    return Look(store.key, seen.here, seen.mount, seen.addresses, seen.location, bool(following), why)


def _is_at(register: Register, store: Store, follower: str, seen: Look) -> bool:
    if not follower:
        return store.local
    return follower in seen.addresses or inside(follower, register.networks_of(store))


def _local(register: Register, store: Store, eyes: Eyes) -> Look:
    site = register.site_of(store)
    path = store.address.removeprefix("local:")
    lender = eyes.lender(path) if path.startswith("/") else ""
    if lender:
        return Look(store.key, mount=eyes.resolve(lender, register.servers))
    if site is None or not site.machines:
        return Look(store.key, why=Text("aucune machine n’est au registre pour ce site", "no machine is registered for this site"))
    here = bool(set(eyes.identities()) & set(site.machines))
    elsewhere = store.kind == "database" and eyes.database() != ""
    return Look(store.key, here=here and not elsewhere)


def _remote(register: Register, store: Store, eyes: Eyes) -> Look:
    if store.location:
        return Look(store.key, location=eyes.bucket(store))
    if not register.networks_of(store):
        return Look(store.key, why=NO_NETWORK)
    addresses = eyes.resolve(store.host, register.servers)
    return Look(store.key, addresses=addresses, why=None if addresses else NO_NAME)
