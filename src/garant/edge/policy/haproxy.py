"""What HAProxy is told: one frozen plan in, the text of its configuration out.

    compile_haproxy(plan)  ->  haproxy.cfg        (template: `haproxy.cfg` beside this package)
    compile_routes(routes) ->  routes.map         longest prefix wins; `member:role1,role2` needs one of the roles
    compile_hosts(hosts)   ->  hosts.map

Lists that change while the edge runs (hosts, zones, address rules, revocations) are maps: the text depends on the plan alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from garant.edge.policy.pages import PAGE_POLICY
from garant.kernel.errors import ConfigurationError

TEMPLATE = (Path(__file__).parents[1] / "haproxy.cfg").read_text(encoding="utf-8")
LUA = (Path(__file__).parents[1] / "decisions.lua").read_text(encoding="utf-8")

PREFIX = re.compile(r"^/[A-Za-z0-9._~/-]*\Z")
"""Unreserved characters alone: the edge refuses these when a request spells them in hexadecimal, so that a prefix has one spelling."""
ROLE = re.compile(r"^[a-z][a-z0-9_]{0,30}\Z")
SAFE = re.compile(r"^[A-Za-z0-9._:@/\[\]-]+\Z")
KINDS = ("public", "login", "member")
ERRORS = (400, 408, 500, 502, 503, 504)

_GCM = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
_CBC = ("AES128-SHA256", "AES256-SHA384")


def _suites(names: Sequence[str]) -> str:
    return ":".join(f"ECDHE-{key}-{name}" for name in names for key in ("ECDSA", "RSA"))


@dataclass(frozen=True)
class TlsProfile:
    """`oldest`: TLS version; `suites`: of TLS 1.2, in order of preference; `rsa`: whether an RSA leaf stands beside the P-256 one."""

    oldest: str
    suites: str
    rsa: bool = False


PROFILES: Mapping[str, TlsProfile] = {
    "modern": TlsProfile("TLSv1.3", ""),
    "intermediate": TlsProfile("TLSv1.2", _suites(_GCM)),
    # Safari 7 has no GCM: CBC last, so that no modern browser picks it (EHQ-76 against INT-50).
    "legacy": TlsProfile("TLSv1.2", _suites((*_GCM, *_CBC)), rsa=True),
}


@dataclass(frozen=True)
class RouteRule:
    """A path prefix of the application, its class, and the roles of which one is needed (none: any person)."""

    prefix: str
    kind: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """One edge. Addresses of servers as HAProxy writes them: `127.0.0.1:PORT` or `unix@/path`.

    `run`: directory of sockets, maps and certificates. `user`: who the worker becomes, empty when HAProxy is not started by root.
    `life_seconds`: longest life of a decision. `hsts`: seconds. Requests a minute and client address (IPv6: /64):
    `login_rate` tries to log in, `page_rate` pages to log in, `address_rate` questions from a refused address,
    `miss_rate` cookies that are nobody's session.
    `ring`: bytes of access log kept while the collector is away. `connect4`, `connect6`: addresses to listen on, empty for none.
    """

    run: str
    base: str
    https: int
    http: int
    application: str
    decide: str
    web: str
    collector: int
    routes: tuple[RouteRule, ...] = ()
    profile: str = "intermediate"
    user: str = ""
    group: str = ""
    connect4: str = "0.0.0.0"  # noqa: S104 - it is the public door
    connect6: str = "::"
    threads: int = 2
    maxconn: int = 4000
    life_seconds: int = 60
    login_rate: int = 120
    address_rate: int = 30
    page_rate: int = 300
    miss_rate: int = 60
    hsts: int = 31_536_000
    ring: int = 16_777_216
    log: bool = True


def compile_routes(routes: Sequence[RouteRule]) -> dict[str, str]:
    """Prefix to `class` or `class:roles`. Raises ConfigurationError for a prefix that a server could read in two ways."""
    made: dict[str, str] = {}
    for route in routes:
        plain = (
            PREFIX.match(route.prefix) and "//" not in route.prefix and "/../" not in f"{route.prefix}/" and "/./" not in f"{route.prefix}/"
        )
        if not plain:
            raise ConfigurationError(
                f"{route.prefix!r} is not a plain path prefix: letters, digits, - . _ ~ and / only, no // and no /../; say /public/"
            )
        if route.prefix.startswith("/.garant"):
            raise ConfigurationError(f"{route.prefix!r} is Garant's own path and has no route")
        if route.kind not in KINDS or (route.roles and route.kind != "member"):
            raise ConfigurationError(f"{route.prefix}: the class is public, login or member, and only member names roles")
        if not all(ROLE.match(role) for role in route.roles):
            raise ConfigurationError(f"{route.prefix}: a role is lower-case letters, digits and underscores, not {', '.join(route.roles)}")
        if route.prefix in made:
            raise ConfigurationError(f"{route.prefix} has two routes: keep one")
        made[route.prefix] = f"{route.kind}:{','.join(sorted(set(route.roles)))}" if route.roles else route.kind
    return made


def compile_haproxy(plan: Plan) -> str:
    """The configuration. Raises ConfigurationError for a plan that could not be told apart from an instruction."""
    for name in ("run", "base", "application", "decide", "web"):
        if not SAFE.match(getattr(plan, name)):
            raise ConfigurationError(f"the edge's {name} cannot be {getattr(plan, name)!r}: letters, digits and . _ : @ / - only")
    if plan.profile not in PROFILES:
        raise ConfigurationError(f"the TLS profile is one of {', '.join(PROFILES)}, not {plan.profile!r}")
    profile = PROFILES[plan.profile]
    values = {
        "threads": str(plan.threads),
        "identity": f"user {plan.user}\n    group {plan.group}" if plan.user else "# the worker runs as the user that started it",
        "socket_owner": f"user {plan.user} group {plan.group}" if plan.user else "",
        "maxconn": str(plan.maxconn),
        "life": str(plan.life_seconds),
        "tls_global": _tls(profile),
        "errorfiles": "\n    ".join(f"errorfile {status} {plan.run}/pages/{status}.http" for status in ERRORS),
        "ring": str(plan.ring),
        "collector": str(plan.collector),
        "application": plan.application,
        "decide": plan.decide,
        "web": plan.web,
        "binds_http": _binds(plan, plan.http, ""),
        "binds_https": _binds(plan, plan.https, f" ssl crt {plan.run}/certs/ alpn h2,http/1.1 curves X25519:P-256:P-384"),
        "port_suffix": "" if plan.https == 443 else f":{plan.https}",
        "log": _log() if plan.log else "# no access log",
        "hsts": str(plan.hsts),
        "base": plan.base,
        "login_rate": str(plan.login_rate),
        "address_rate": str(plan.address_rate),
        "page_rate": str(plan.page_rate),
        "miss_rate": str(plan.miss_rate),
        "roles": _roles(plan),
        "page_headers": PAGE_HEADERS,
        "run": plan.run,
    }
    return re.sub(r"{{(\w+)}}", lambda found: values[found.group(1)].replace("{{run}}", plan.run), TEMPLATE)


PAGE_HEADERS = f'hdr cache-control no-store hdr x-content-type-options nosniff hdr content-security-policy "{PAGE_POLICY}"'


def _tls(profile: TlsProfile) -> str:
    lines = [
        f"ssl-default-bind-options ssl-min-ver {profile.oldest} no-tls-tickets",
        "ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    ]
    if profile.suites:
        lines.append(f"ssl-default-bind-ciphers {profile.suites}")
    return "\n    ".join(lines)


def _binds(plan: Plan, port: int, rest: str) -> str:
    lines = [f"bind {plan.connect4}:{port}{rest}"] if plan.connect4 else []
    if plan.connect6:
        lines.append(f"bind [{plan.connect6}]:{port}{rest} v6only")
    return "\n    ".join(lines)


def _log() -> str:
    """One JSON line a request; `n` counts the lines of a worker in the order of writing, so that a gap is a loss."""
    line = (
        '{"n":%[sc2_inc_gpc0],"pid":%pid,"rt":%rt,"ts":%Ts,"t":%[date(0,ms)],"ip":"%ci","h":"%[var(txn.host),json(utf8s)]",'
        '"tn":"%[var(txn.tenant)]","u":"%[var(txn.hit)]","m":"%HM","s":%ST,"ms":%Ta,"b":%B,"e":"%ts","a":"%[var(txn.addr)]",'
        '"p":"%[var(txn.p),json(utf8s)]"}'
    )
    failed = (
        '{"n":%[sc2_inc_gpc0],"pid":%pid,"ts":%Ts,"t":%[date(0,ms)],"ip":"%ci",'
        '"err":"%[ssl_fc_err_str,json(utf8s)]","c":"%[fc_err_str,json(utf8s)]"}'
    )
    return (
        f"log ring@access len 4096 format raw local0\n    log-format '{line}'\n    error-log-format '{failed}'"
        "\n    unique-id-format %{+X}o%Ts-%pid-%rt"
    )


def _roles(plan: Plan) -> str:
    """A route that names roles is closed to a person who has none of them; an odd path, to a person who lacks any route's."""
    needs = sorted({value.partition(":")[2] for value in compile_routes(plan.routes).values() if ":" in value})
    if not needs:
        return "# no route names a role"
    refuse = f'http-request return status 403 content-type "text/html; charset=utf-8" lf-file {plan.run}/pages/role.html {PAGE_HEADERS}'
    lines = ["http-request set-var(req.need) var(req.route),field(2,:) if hit", "acl needs var(req.need) -m len gt 0"]
    for number, need in enumerate(needs):
        lines.append(f"acl need_{number} var(req.need) -m str {need}")
        lines.append(f"acl has_{number} var(req.d),field(2,|) -m reg (^|,)({need.replace(',', '|')})(,|$)")
        lines.append(f"{refuse} if need_{number} !has_{number} || odd hit !has_{number}")
    known = " ".join(f"!need_{number}" for number in range(len(needs)))
    lines.append(f"{refuse} if needs {known}")
    return "\n    ".join(lines)


def compile_hosts(hosts: Mapping[str, str]) -> dict[str, str]:
    """Host name (lower case) to tenant slug."""
    return {host.lower(): slug for host, slug in sorted(hosts.items())}


def map_text(entries: Mapping[str, str]) -> str:
    """A map file, sorted."""
    return "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))
