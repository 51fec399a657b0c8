"""The edge of this deployment as one plan, and its files on disk. Needs neither Django nor a database, so the edge can start first.

python -m garant.project.edge_files      (GARANT_DATA, GARANT_CONFIG; run by the supervisor before HAProxy)
"""

import os
import socket
import sys
from pathlib import Path

from garant.edge.engines.haproxy import Lists, Places, write_files
from garant.edge.policy.haproxy import Plan, RouteRule
from garant.kernel.clock import SystemClock
from garant.kernel.errors import ConfigurationError, GarantError
from garant.project import configuration
from garant.project.configuration import Configuration
from garant.project.runtime import Runtime


def plan_of(made: Configuration, runtime: Runtime) -> Plan:
    """Configuration and runtime state as HAProxy needs them. `state.edge_user`: who its worker becomes; '' stays who starts it."""
    state, run = runtime.state(), runtime.run
    user = str(state.get("edge_user", ""))
    return Plan(
        run=str(run),
        base=made.base,
        https=made.https,
        http=made.http,
        application=_server(made.application.upstream) or f"unix@{run}/app.sock",
        decide=f"unix@{run}/decide.sock",
        web=f"unix@{run}/web.sock",
        collector=int(state.get("collector", 5514)),
        routes=tuple(RouteRule(route.prefix, route.kind, route.roles) for route in made.application.routes),
        profile=made.tls_profile,
        user=user,
        group=user,
        connect6="::" if _has_ipv6() else "",
        threads=min(4, os.cpu_count() or 1),
    )


def edge_name() -> str:
    """The name of this machine's edge in the database."""
    return socket.gethostname()[:60]


def certificate_of(made: Configuration) -> Path | None:
    """The operator's PEM file, relative to garant.toml; None: the local authority makes one."""
    if not made.certificate:
        return None
    beside = made.path.parent if made.path is not None else Path()
    place = beside / made.certificate
    if not place.exists():
        raise ConfigurationError(f"{made.path}: tls.certificate names {place}, which is not there")
    return place


def write(made: Configuration, runtime: Runtime) -> None:
    """Everything that HAProxy reads at start, accepted by its own check. Hosts and address rules are filled in by the agent."""
    write_files(
        Places(runtime.run),
        plan_of(made, runtime),
        Lists(),
        authority=runtime.data / "tls",
        certificate=certificate_of(made),
        now=SystemClock().now(),
    )


def _server(upstream: str) -> str:
    return f"unix@{upstream.removeprefix('unix:')}" if upstream.startswith("unix:") else upstream


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def main() -> int:
    """Write the files; 2 and one line when they cannot be written."""
    try:
        runtime = Runtime(Path(os.environ["GARANT_DATA"]))
        made = configuration.load(Path(os.environ.get("GARANT_CONFIG", runtime.data / "garant.toml")))
        write(made.with_ports(https=int(os.environ.get("GARANT_HTTPS", "0")), http=int(os.environ.get("GARANT_HTTP", "0"))), runtime)
    except GarantError as error:
        print(f"garant: {error}", file=sys.stderr)  # noqa: T201 - it is a command
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
