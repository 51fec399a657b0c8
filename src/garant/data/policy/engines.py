"""Which engine a promise names, for which kinds of stores: pure."""

from garant.kernel.promise import Promise

MAIN = ("database",)
ALIKE = {"mysql": ("mysql",), "mariadb": ("mariadb",), "mysql_family": ("mysql", "mariadb")}


def wanted_kinds(promise: Promise) -> tuple[str, ...]:
    """The kinds of stores that the promise speaks of: its `kinds`; without, the main database."""
    kinds = promise.parameters.get("kinds", MAIN)
    return tuple(str(kind) for kind in kinds) if isinstance(kinds, list | tuple) else (str(kinds),)


def absent_kinds(promise: Promise, found: set[str]) -> list[str]:
    """Kinds of which the map has no store; with `either`, one kind is enough."""
    if promise.parameters.get("either") is True and found:
        return []
    return sorted(set(wanted_kinds(promise)) - found)


def wanted_engines(promise: Promise) -> tuple[str, ...]:
    """The engines that keep it: its `engine`."""
    engine = str(promise.parameters.get("engine", ""))
    return ALIKE.get(engine, (engine,))


def wanted_provider(promise: Promise) -> str:
    """The end of the host's name by which a provider is known, such as `.rds.amazonaws.com`; empty: any."""
    return str(promise.parameters.get("host_ends", ""))
