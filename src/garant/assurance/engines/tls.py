"""TLS as a stranger meets it, on every host of the deployment (INT-48, 49, 50; EHQ-28).

One engine, four aspects, named by the claim's parameters: `every_connection`, `remote_systems`, `strength`, `certificate`.
Where ports are in question, each run plants a listener in clear on the loopback, which it must report.
"""

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from garant.assurance.engines.hosts import Hosts, probe, served_hosts
from garant.assurance.policy import suites
from garant.drivers import tls_hello, tls_probe
from garant.drivers.process import Deadline
from garant.kernel.canonical import Json, moment
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise

CLEAR_REQUESTS = (("GET", "/"), ("GET", "/.garant/fr/login/"), ("POST", "/"), ("PUT", "/api/x"), ("OPTIONS", "/api/x"))
PORT_ASPECTS = ("every_connection", "remote_systems")
NEWS = 30.0
"""Seconds to wait for two looks of the supervisor at its processes' sockets; it takes one every five."""


class TlsAsServed:
    """Observes only: the edge applies its own configuration."""

    def __init__(self, deployment: Deployment, hosts: Hosts = served_hosts) -> None:
        self._deployment, self._hosts = deployment, hosts

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """Facts on every host, and for ports on every listener. Raises EngineError when the edge does not answer."""
        hosts = self._hosts()
        aspect = promise.parameters.get("aspect", "certificate")
        facts: dict[str, Json] = {"aspect": aspect, "profile": self._deployment.tls_profile}
        if aspect in PORT_ASPECTS:
            return self._connections(hosts, facts)
        facts["hosts"] = {label: self._host(host, deep=aspect == "strength") for host, label in hosts.items()}
        return Observation(len(hosts), len(hosts), facts)

    def _connections(self, hosts: Mapping[str, str], facts: dict[str, Json]) -> Observation:
        with clear_listener() as planted:
            ports, unknown = self._ports(planted)
        reported = ports.pop(f"127.0.0.1:{planted}", "")
        facts["ports"] = ports
        facts["ports_of_unknown_programs"] = unknown
        facts["redirects"] = {label: self._redirects(host) for host, label in hosts.items()}
        facts["hosts"] = {label: self._greeting(host) for host, label in hosts.items()}
        count = len(hosts) + len(ports)
        return Observation(count, count, facts, Canary.HELD if reported == "clear" else Canary.MISSED)

    def _ports(self, planted: int) -> tuple[dict[str, Json], dict[str, Json]]:
        """What each port that strangers reach says: Garant's, and those of unknown programs; others are left out."""
        ours = tls_probe.descendants(own_processes(self._deployment.data))
        blind = bool(tls_probe.opaque(ours))
        edge = {self._deployment.https, self._deployment.http}
        mine: dict[str, Json] = {}
        unknown: list[tls_probe.Listener] = []
        for listener in tls_probe.listeners():
            canary = listener.port == planted and listener.address == "127.0.0.1"
            known = canary or listener.port in edge or listener.owner in ours
            if known and (canary or listener.port in edge or listener.outside):
                mine[_place(listener)] = self._says(listener)
            elif listener.owner is None and listener.outside and blind:
                unknown.append(listener)
        held = held_sockets(self._deployment.data) if unknown else None
        if held is None:
            return mine, {_place(listener): self._says(listener) for listener in unknown}
        return {**mine, **{_place(each): self._says(each) for each in unknown if held & set(each.inodes)}}, {}

    def _says(self, listener: tls_probe.Listener) -> str:
        return tls_probe.speaks(listener.address, listener.port, host=self._deployment.base)

    def _redirects(self, host: str) -> Mapping[str, Json]:
        """What the port in clear answers: status, whether it leads to TLS on the same host, whether it sets a cookie."""
        answers: dict[str, Json] = {}
        for method, path in CLEAR_REQUESTS:
            answer = tls_probe.ask_in_clear(self._deployment.connect, self._deployment.http, host=host, path=path, method=method)
            leads = answer.headers.get("location", "").startswith((f"https://{host}:{self._deployment.https}/", f"https://{host}/"))
            answers[f"{method} {path}"] = {"status": answer.status, "to_https": leads, "cookie": "set-cookie" in answer.headers}
        return answers

    def _greeting(self, host: str) -> Mapping[str, Json]:
        answer = probe(self._deployment).ask(host, "/.garant/fr/login/")
        seen = self._served(host)
        return {"status": answer.status, "hsts": answer.header("strict-transport-security"), "version": seen.version, "suite": seen.suite}

    def _host(self, host: str, *, deep: bool) -> Mapping[str, Json]:
        seen = self._served(host)
        facts: dict[str, Json] = {
            "untrusted": seen.untrusted,
            "version": seen.version,
            "suite": seen.suite,
            "chain": [certificate_facts(link) for link in seen.chain],
        }
        if deep:
            facts["accepted"] = accepted(self._deployment, host)
        return facts

    def _served(self, host: str) -> tls_probe.Served:
        place = self._deployment
        return tls_probe.served(place.connect, place.https, host=host, authority=place.authority)


def own_processes(data: Path) -> Sequence[int]:
    """Numbers of the processes that the supervisor started, as it wrote them down. Raises EngineError when it did not."""
    path = data / "run" / "state.json"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} does not say which processes are Garant's: start Garant with `garant up`") from error
    return [int(entry["pid"]) for entry in state.get("processes", {}).values() if entry.get("pid")]


def held_sockets(data: Path) -> frozenset[str] | None:
    """Numbers of the listening sockets that Garant's processes hold, by a look of the supervisor that began after this call; None when
    it does not look."""
    first = _sockets(data).get("looks")
    if first is None:
        return None
    for _ in Deadline(NEWS).tries(0.25):
        seen = _sockets(data)
        if seen.get("looks", 0) >= first + 2:
            return frozenset(seen.get("held", ()))
    return None


def _sockets(data: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((data / "run" / "sockets.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _place(listener: tls_probe.Listener) -> str:
    return f"{listener.address}:{listener.port}"


def accepted(deployment: Deployment, host: str) -> Mapping[str, Json]:
    """Version to suites, of everything that the server accepts when asked by hand; empty list: the version is refused."""
    found: dict[str, Json] = {}
    for version, name in suites.VERSIONS.items():
        if version >= suites.TLS_1_0:
            taken = tls_hello.accepted_suites(deployment.connect, deployment.https, host=host, version=version)
            found[name] = [suites.name(suite) for suite in taken]
    return found


def certificate_facts(link: tls_probe.Certificate) -> Mapping[str, Json]:
    """One certificate as JSON."""
    return {
        "subject": link.subject,
        "issuer": link.issuer,
        "names": list(link.names),
        "key": link.key,
        "bits": link.bits,
        "signed_with": link.signed_with,
        "not_before": moment(link.not_before),
        "not_after": moment(link.not_after),
        "sha256": link.fingerprint,
    }


@contextmanager
def clear_listener() -> Iterator[int]:
    """The canary: a port of the loopback that answers HTTP in clear, for the length of the block. Yields its number."""
    try:
        server = socket.create_server(("127.0.0.1", 0))
    except OSError as error:
        raise EngineError(f"the canary's port could not be opened: {error}") from error

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:  # closed: the block is over
                return
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(2048)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                except OSError:
                    continue

    thread = threading.Thread(target=answer, name="canary", daemon=True)
    thread.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(3)
