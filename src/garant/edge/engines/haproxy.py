"""One HAProxy: its files, its lists, its decisions. The driver knows the program; this knows what Garant wants of it.

- `write_files` writes all that HAProxy reads at start. It needs no database: without lists every host is unknown and nothing is served.
- `put_lists` brings the running worker to the lists of the database, in an order in which nobody passes whom old and new refuse.
- `differences` says in words where the running worker is not what was compiled.
- `revoke` ends decisions in every live worker, the old ones of a reload too, and cuts what runs under them.
"""

import os
import pwd
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from garant.drivers import haproxy, tls
from garant.drivers.haproxy import Master, Runtime
from garant.edge.policy.addresses import AddressMaps, between
from garant.edge.policy.haproxy import LUA, PROFILES, Plan, compile_haproxy, compile_hosts, compile_routes, map_text
from garant.edge.policy.pages import page_files
from garant.kernel.errors import EngineError

SESSION = re.compile(r"^(0x[0-9a-f]+): .*?\bsrc=(\S+) fe=(\S+) be=(\S+)")


@dataclass(frozen=True)
class Places:
    """The files of one edge, in its `run` directory."""

    run: Path

    @property
    def configuration(self) -> Path:
        return self.run / "haproxy.cfg"

    @property
    def runtime(self) -> Path:
        return self.run / "runtime.sock"

    @property
    def master(self) -> Path:
        return self.run / "master.sock"

    @property
    def hosts(self) -> Path:
        return self.run / "hosts.map"

    @property
    def routes(self) -> Path:
        return self.run / "routes.map"

    @property
    def zones(self) -> Path:
        return self.run / "zones.map"

    @property
    def address(self) -> Path:
        return self.run / "address.map"

    @property
    def denied(self) -> Path:
        return self.run / "denied.lst"

    @property
    def certificates(self) -> Path:
        return self.run / "certs"


@dataclass(frozen=True)
class Lists:
    """What changes while the edge runs. `hosts`: host name to slug. `denied`: networks refused for everybody."""

    hosts: Mapping[str, str] = field(default_factory=dict)
    addresses: AddressMaps = field(default_factory=AddressMaps)
    denied: Sequence[str] = ()

    def texts(self, places: Places) -> dict[Path, str]:
        """File to content."""
        return {
            places.hosts: map_text(compile_hosts(self.hosts)),
            places.zones: map_text(self.addresses.zones),
            places.address: map_text(self.addresses.entries),
            places.denied: "".join(f"{network}\n" for network in sorted(self.denied)),
        }


def write_files(places: Places, plan: Plan, lists: Lists, *, authority: Path, certificate: Path | None, now: datetime) -> None:
    """All that HAProxy reads, then its own check. The configuration in use is replaced only by one that HAProxy accepts.

    `authority`: directory of the local authority, used when `certificate` (the operator's PEM file) is None.
    Raises EngineError with HAProxy's words, ConfigurationError for a certificate or a route that cannot be used.
    """
    routes = compile_routes(plan.routes)
    candidate_text = compile_haproxy(plan)
    (places.run / "pages").mkdir(parents=True, exist_ok=True)
    for name, data in page_files().items():
        tls.write_whole(places.run / "pages" / name, data, 0o644)
    write_certificates(places, plan, authority=authority, certificate=certificate, now=now)
    write_lists(places, lists)
    tls.write_whole(places.routes, map_text(routes).encode(), 0o644)
    tls.write_whole(places.run / "decisions.lua", LUA.encode(), 0o644)
    install(places, candidate_text)


def install(places: Places, text: str) -> None:
    """Put this configuration in place if HAProxy accepts it; otherwise the one in use stays. Raises EngineError with HAProxy's words."""
    candidate = places.run / "haproxy.candidate.cfg"
    tls.write_whole(candidate, text.encode(), 0o640)
    haproxy.check(candidate)
    os.replace(candidate, places.configuration)


def write_lists(places: Places, lists: Lists) -> None:
    """The lists on disk: what a new worker starts with."""
    for path, text in lists.texts(places).items():
        tls.write_whole(path, text.encode(), 0o644)


def write_certificates(places: Places, plan: Plan, *, authority: Path, certificate: Path | None, now: datetime) -> bool:
    """The operator's certificate, or leaves of the local authority; True when a reload is needed to serve them."""
    places.certificates.mkdir(mode=0o700, parents=True, exist_ok=True)
    if certificate is not None:
        tls.check_given(certificate, base=plan.base, now=now)
        place, data = places.certificates / "site.pem", certificate.read_bytes()
        changed = not place.exists() or place.read_bytes() != data
        if changed:
            tls.write_secret(place, data)
        return changed
    tls.ensure_authority(authority, base=plan.base, now=now)
    changed = tls.ensure_leaf(authority, places.certificates / "site.pem.ecdsa", base=plan.base, now=now)
    other = places.certificates / "site.pem.rsa"
    if PROFILES[plan.profile].rsa:
        return tls.ensure_leaf(authority, other, base=plan.base, now=now, rsa_key=True) or changed
    other.unlink(missing_ok=True)
    return changed


def put_lists(runtime: Runtime, places: Places, lists: Lists) -> None:
    """The running worker gets these lists. Raises EngineError."""
    runtime.replace_acl(places.denied, sorted(lists.denied))
    entries = lists.addresses.entries
    runtime.replace_map(places.address, between(runtime.map(places.address), entries))
    runtime.replace_map(places.zones, lists.addresses.zones)
    runtime.replace_map(places.address, entries)
    runtime.replace_map(places.hosts, compile_hosts(lists.hosts))


@dataclass(frozen=True)
class Difference:
    """One entry of a list that is not what was compiled. `running`, `wanted`: its value; empty: there is no such entry."""

    file: str
    key: str
    running: str
    wanted: str

    def __str__(self) -> str:
        if not self.running:
            return f"{self.file}: {self.key} is missing from the running edge"
        if not self.wanted:
            return f"{self.file}: {self.key} is in the running edge and in no policy"
        return f"{self.file}: {self.key} is {self.running} in the running edge and {self.wanted} in the policy"


def list_differences(runtime: Runtime, places: Places, lists: Lists) -> list[Difference]:
    """Where the running worker's lists are not these. Raises EngineError."""
    wanted = {places.hosts: compile_hosts(lists.hosts), places.zones: lists.addresses.zones, places.address: lists.addresses.entries}
    found = [each for path, entries in wanted.items() for each in _unlike(path, entries, runtime.map(path))]
    denied, running = (dict.fromkeys(networks, "deny") for networks in (lists.denied, runtime.acl(places.denied)))
    return [*found, *_unlike(places.denied, denied, running)]


def _unlike(path: Path, wanted: Mapping[str, str], running: Mapping[str, str]) -> list[Difference]:
    both = ((key, running.get(key, ""), wanted.get(key, "")) for key in sorted(wanted.keys() | running.keys()))
    return [Difference(path.name, key, here, there) for key, here, there in both if here != there]


def differences(runtime: Runtime, places: Places, plan: Plan, lists: Lists) -> list[str]:
    """Where the running worker is not what was compiled, one sentence each; empty when it is."""
    routes = _unlike(places.routes, compile_routes(plan.routes), runtime.map(places.routes))
    said = [str(each) for each in (*list_differences(runtime, places, lists), *routes)]
    if places.configuration.read_text(encoding="utf-8") != compile_haproxy(plan):
        said.append("haproxy.cfg is not what the policy compiles to")
    return said


def reload(places: Places) -> None:
    """A new worker from the files on disk, checked first. The agent fills it again. Raises EngineError; then the running one stays."""
    haproxy.check(places.configuration)
    Master(places.master).reload()


def live_workers(places: Places) -> Iterator[Runtime]:
    """Every worker that still serves, the newest first; the master is asked for the others when the newest is done."""
    yield Runtime(places.runtime)
    if places.master.exists():
        master = Master(places.master)
        yield from [master.worker(worker.pid) for worker in master.workers() if not worker.current]


def revoke(places: Places, subjects: Sequence[tuple[str, int]]) -> int:
    """End the decisions of these subjects (`u:<key>`, not-before in ms) and cut what runs under them; how many were cut.

    The newest worker first, and all refusals before any cut. Raises EngineError when the newest worker does not answer.
    """
    cut = 0
    for number, runtime in enumerate(live_workers(places)):
        try:
            cut += _revoke_in(runtime, subjects)
        except EngineError:
            if number == 0:
                raise  # an old worker may end between the two looks: then it serves nothing any more
    return cut


def _revoke_in(runtime: Runtime, subjects: Sequence[tuple[str, int]]) -> int:
    peers: set[str] = set()
    for subject, not_before in subjects:
        said = runtime.ask(f"garant revoke {subject} {not_before}").splitlines()
        if not said or said[0] != "revoked":
            raise EngineError(f"HAProxy does not revoke {subject}: {' '.join(said)[:200]}")
        peers.update(line.replace(" ", ":") for line in said[1:] if line)
    if not peers:
        return 0
    done = cut_sessions(runtime, peers)
    for peer in sorted(peers):
        runtime.ask(f"garant cut {' '.join(peer.rsplit(':', 1))}")
    return done


def cut_sessions(runtime: Runtime, peers: set[str]) -> int:
    """Shut the running requests of these client ends (`address:port`)."""
    done = 0
    for line in runtime.ask("show sess").splitlines():
        found = SESSION.match(line)
        if found and found.group(2) in peers and found.group(3) == "edge":
            runtime.ask(f"shutdown session {found.group(1)}")
            done += 1
    return done


def tidy(runtime: Runtime) -> None:
    """Forget remembered long requests that are over."""
    remembered = [line for line in runtime.ask("garant live").splitlines() if line.count(" ") == 2]
    if not remembered:
        return
    running = {found.group(2) for line in runtime.ask("show sess").splitlines() if (found := SESSION.match(line))}
    for peer in remembered:
        address, port, _ = peer.split()
        if f"{address}:{port}" not in running:
            runtime.ask(f"garant ended {peer}")


def service_names() -> tuple[str, str]:
    """User and group for the worker when root starts HAProxy; empty when it runs as ourselves."""
    if os.geteuid() != 0:
        return "", ""
    entry = pwd.getpwnam("garant")
    return entry.pw_name, entry.pw_name
