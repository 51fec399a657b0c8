"""How reality is looked at: one value of functions, so that a test can put its own sight in the place of one of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection

from garant.data.policy.places import Store
from garant.data.policy.reality import Spoken
from garant.drivers import dns, machine, s3
from garant.drivers.process import Deadline
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.clock import Clock, SystemClock
from garant.kernel.errors import EngineError
from garant.kernel.text import Text

LENT = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "ceph", "fuse.glusterfs", "9p")
"""Kinds of file system that another machine lends."""
NEWS = 30.0
"""Seconds for two looks of the supervisor."""


@dataclass(frozen=True)
class Peers:
    """Where from the database is spoken to: `replicas` that follow it, `processes` of ours; '' is this machine."""

    replicas: tuple[str, ...]
    processes: tuple[str, ...]


@dataclass(frozen=True)
class Talk:
    """To whom our processes spoke. `planted`: whether the connection that the supervisor holds to itself was seen.
    `hidden`: processes whose connections it may not list, of whom nothing is known."""

    spoken: tuple[Spoken, ...]
    planted: bool
    processes: int
    hidden: int = 0


@dataclass(frozen=True)
class Eyes:
    """`resolve` takes a name and the name servers to ask; `lender` gives the host that lends a directory, '' when nobody does."""

    identities: Callable[[], tuple[str, ...]]
    resolve: Callable[[str, Sequence[str]], tuple[str, ...]]
    bucket: Callable[[Store], str]
    lender: Callable[[str], str]
    peers: Callable[[], Peers]
    talk: Callable[[], Talk]
    hosts: Callable[[], Mapping[str, str]]
    database: Callable[[], str]
    """The host of the database that we speak to; '' when it is on this machine."""


def eyes(data: Path, clock: Clock | None = None) -> Eyes:
    """The real ones, of the deployment in this data directory."""
    watch = clock or SystemClock()
    return Eyes(
        identities=machine.identities,
        resolve=lambda name, servers: dns.addresses(name, servers=servers),
        bucket=lambda store: _bucket(store, data, watch),
        lender=_lender,
        peers=_peers,
        talk=lambda: _talk(data),
        hosts=_hosts,
        database=_database,
    )


def _bucket(store: Store, data: Path, clock: Clock) -> str:
    """Asked with the credentials in <data>/secrets/store-<key>: the access key, a colon, the secret."""
    path = data / "secrets" / f"store-{store.key}"
    try:
        access, _, secret = path.read_text(encoding="ascii").strip().partition(":")
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(
            Text(
                f"les clés d’accès de {store.key} ne sont pas lisibles; écrivez accès:secret dans secrets/{path.name}.",
                f"the access keys of {store.key} cannot be read; write access:secret into secrets/{path.name}",
            )
        ) from error
    name = store.address.removeprefix("s3://").strip("/")
    return s3.bucket_location(store.endpoint, name, s3.Credentials(access, secret), region=store.location, now=clock.now())


def _lender(path: str) -> str:
    """The host that lends the file system under `path`, by the kernel's list of mounts."""
    best, host = "", ""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        place, (kind, source) = left.split()[4], (*right.split(), "", "")[:2]
        if (path == place or path.startswith(place.rstrip("/") + "/")) and len(place) >= len(best):
            best, host = place, source.removeprefix("//").partition("@")[2] or source.removeprefix("//") if kind in LENT else ""
    return host.partition(":")[0].partition("/")[0]


def _database() -> str:
    host = str(settings.DATABASES["default"]["HOST"])
    return "" if host.startswith("/") or host in ("127.0.0.1", "::1", "localhost") else host


def _peers() -> Peers:
    """By the function that provisioning makes, which tells addresses and nothing of what is asked."""
    try:
        with tenant_transaction(None), connection.cursor() as cursor:
            cursor.execute("select replica, coalesce(address, '') from garant_peers()")
            rows = cursor.fetchall()
    except (DatabaseError, psycopg.Error) as error:
        raise EngineError(
            Text(
                "PostgreSQL ne dit pas d’où l’on se connecte à lui; relancez `garant init` avec un administrateur.",
                "PostgreSQL does not tell from where it is spoken to; run `garant init` again with an administrator",
            )
        ) from error
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for replica, address in rows:
        found[replica].add(address)
    return Peers(tuple(sorted(found[True])), tuple(sorted(found[False])))


def _talk(data: Path) -> Talk:
    """By a look of the supervisor that began after this call."""
    first = _sockets(data).get("looks")
    for _ in Deadline(NEWS).tries(0.25):
        seen = _sockets(data)
        if first is None or "canary" not in seen:
            break
        if seen.get("looks", 0) >= first + 2:
            told = [Spoken(each["address"], each["port"], each["process"]) for each in seen["spoken"]]
            planted = set(seen["canary"])
            shown = {each.port for each in told if each.process == "supervisor"}
            others = tuple(each for each in told if each.process != "supervisor" or each.port not in planted)
            processes = len(_processes(data))
            return Talk(others, planted <= shown, processes, int(seen.get("opaque", processes)))
    raise EngineError(
        Text("le superviseur ne dit pas à qui parlent les processus.", "the supervisor does not tell to whom the processes speak")
    )


def _sockets(data: Path) -> dict[str, Any]:
    return _read(data / "run" / "sockets.json")


def _processes(data: Path) -> dict[str, Any]:
    found = _read(data / "run" / "state.json").get("processes", {})
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hosts() -> Mapping[str, str]:
    """Host names that are served, each with the name under which facts speak of it."""
    with tenant_transaction(None, scope="operator"):
        known = {tenant.slug: tenant for tenant in identity.tenants() if not tenant.suspended}
        named = {host: known[slug] for host, slug in identity.hosts().items() if slug in known}
    return {host: settings.BASE_HOST if named[host].operator else f"client {named[host].id.hex[:8]}" for host in sorted(named)}
