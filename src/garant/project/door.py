"""The edge of this deployment: its plan, from garant.toml and the data directory."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from garant.drivers.process import SERVICE_USER
from garant.edge.policy.haproxy import Plan, RouteRule
from garant.kernel.errors import ConfigurationError
from garant.project.configuration import Configuration
from garant.project.runtime import Runtime


def plan_of(configuration: Configuration, runtime: Runtime, *, state: Mapping[str, Any] | None = None) -> Plan:
    """What the edge should be. `state`: ports in use (state.json). Raises ConfigurationError before `garant up` has chosen them."""
    state = runtime.state() if state is None else state
    if "collector" not in state:
        raise ConfigurationError(f"{runtime.run / 'state.json'} does not say the collector's port: start with `garant up`")
    upstream = configuration.application.upstream or f"unix:{runtime.application_socket}"
    user = worker_user()
    return Plan(
        run=str(runtime.run),
        base=configuration.base,
        https=int(state.get("https", configuration.https)),
        http=int(state.get("http", configuration.http)),
        application=upstream.replace("unix:", "unix@", 1) if upstream.startswith("unix:") else upstream,
        decide=f"unix@{runtime.run / 'decide.sock'}",
        web=f"unix@{runtime.run / 'web.sock'}",
        collector=int(state["collector"]),
        routes=tuple(RouteRule(route.prefix, route.kind, route.roles) for route in configuration.application.routes),
        profile=configuration.tls_profile,
        user=user,
        group=user,
        connect6="::" if has_ipv6() else "",
    )


def worker_user() -> str:
    """Who HAProxy's worker becomes: the service user when root or that user itself starts it, otherwise nobody else."""
    own = pwd.getpwuid(os.geteuid()).pw_name
    return SERVICE_USER if own in ("root", SERVICE_USER) else ""


def has_ipv6() -> bool:
    """Whether this machine has any IPv6 address: some containers have none, and a listener on `::` would then refuse to start."""
    try:
        return bool(Path("/proc/net/if_inet6").read_text(encoding="ascii").strip())
    except OSError:
        return False


def given_certificate(configuration: Configuration) -> Path | None:
    """The operator's certificate, relative to garant.toml; None: the local authority makes one."""
    if not configuration.certificate:
        return None
    beside = configuration.path.parent if configuration.path else Path.cwd()
    return beside / configuration.certificate
