"""`garant.toml`: what the operator decides about one deployment. Read once, checked whole, frozen.

Every mistake is reported as `file:line: what is wrong; what to write instead`. Unknown keys are refused: a typing error in a security
setting must not be silently ignored. Derived state (ports in use, secrets) lives in the data directory, not here.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError
from garant.kernel.source import load_toml
from garant.project import configured_root
from garant.project.configured_root import ConfiguredRoot

TLS_PROFILES = ("modern", "intermediate", "legacy")
ROUTE_CLASSES = ("public", "login", "member")
HOST = re.compile(r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
RECIPIENT = re.compile(r"garant-share:[A-Za-z0-9_-]{43}")
UPSTREAM = re.compile(r"unix:/[^\s\"'#\\]+|([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class Route:
    """A path prefix of the application: its class, and the roles of which a person needs one (empty: any role)."""

    prefix: str
    kind: str
    roles: tuple[str, ...] = ()


EXAMPLE_ROUTES = (
    Route("/s/", "public"),
    Route("/static/", "public"),
    Route("/healthz", "public"),
    Route("/gestion/", "member", ("author", "admin")),
)
"""Of the example survey application, when garant.toml names no other."""


@dataclass(frozen=True)
class Application:
    """The protected application. `upstream`: `127.0.0.1:PORT` or `unix:/path`; empty: the example survey application.

    `user`: the system user that runs an application of the operator's, so that it may reach the keyring.
    """

    name: str = "sondage"
    upstream: str = ""
    routes: tuple[Route, ...] = EXAMPLE_ROUTES
    user: str = ""
    probe: str = ""
    """The steps by which probes write and read through it (docs/isolation.md), relative to garant.toml; empty: the example's own."""
    map: str = ""
    """Its data map (docs/data-map.md), relative to garant.toml; empty: the example's."""
    role: str = ""
    """Its role in its database; empty: its name."""


@dataclass(frozen=True)
class Vault:
    """Keys. `recipients`: who holds shares of keys pending destruction, `threshold` of whom bring them back; see docs/vault.md."""

    recipients: tuple[str, ...] = ()
    threshold: int = 2
    days: int = 180
    """From an executed order to the destruction of an organisation's keys."""
    backups: str = ""
    """Directory of the key store's backups; empty: none is made by itself."""


@dataclass(frozen=True)
class Configuration:
    """One deployment. Ports are TCP on all addresses; `base` is the host of the trust page, tenants are `<slug>.<base>`."""

    path: Path | None = None
    operator: str = "Logiciels Amélanche"
    base: str = "garant.localhost"
    https: int = 8443
    http: int = 8080
    tls_profile: str = "intermediate"
    certificate: str = ""
    """PEM file with chain and key; empty: a local authority makes one (development)."""
    statements: tuple[str, ...] = ("aso",)
    """Slugs, or paths of the operator's own TOML documents relative to this file; the first is the front page."""
    journal_days: int = 365
    """Age in days at which lines of the access journal are deleted; 31 at least."""
    application: Application = field(default_factory=Application)
    vault: Vault = field(default_factory=Vault)
    root: ConfiguredRoot = field(default_factory=ConfiguredRoot)
    """What protects the root of the keys."""
    require_encrypted_volume: bool = False
    """Refuse to start while a directory of data lies on a volume that is not seen to be encrypted."""
    encrypted_by_provider: str = ""
    """Who encrypts the disks below this machine, where it cannot see that itself; a word to attest, never a measure."""

    def with_ports(self, *, https: int = 0, http: int = 0) -> "Configuration":
        """The same with other ports; 0 keeps the one of the file. Raises ConfigurationError for equal or impossible ports."""
        made = replace(self, https=https or self.https, http=http or self.http)
        if made.https == made.http or not all(0 < port < 65536 for port in (made.https, made.http)):
            raise ConfigurationError(f"--https {made.https} and --http {made.http}: give two different ports from 1 to 65535")
        return made


SHAPE: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "operator": {"name": str},
    "addresses": {"base": str, "https": int, "http": int},
    "tls": {"profile": str, "certificate": str},
    "statements": {"publish": list},
    "journal": {"days": int},
    "application": {"name": str, "upstream": str, "routes": list, "user": str, "probe": str, "map": str, "role": str},
    "vault": {
        "recipients": list,
        "threshold": int,
        "days": int,
        "backups": str,
        "require_encrypted_volume": bool,
        "encrypted_by_provider": str,
        **configured_root.SHAPE,
    },
}


def load(path: Path | None) -> Configuration:
    """The configuration in `path`; None or an absent file gives the defaults. Raises ConfigurationError with file and line."""
    if path is None or not path.exists():
        return Configuration(path=path)
    try:
        text = path.read_text(encoding="utf-8")
        data = load_toml(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: it is not UTF-8 (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error
    _check_keys(path, text, data)
    addresses, tls = data.get("addresses", {}), data.get("tls", {})
    made = Configuration(
        path=path,
        operator=data.get("operator", {}).get("name", Configuration.operator),
        base=addresses.get("base", Configuration.base),
        https=addresses.get("https", Configuration.https),
        http=addresses.get("http", Configuration.http),
        tls_profile=tls.get("profile", Configuration.tls_profile),
        certificate=tls.get("certificate", ""),
        statements=tuple(data.get("statements", {}).get("publish", Configuration.statements)),
        journal_days=data.get("journal", {}).get("days", Configuration.journal_days),
        vault=_vault(path, text, data.get("vault", {})),
        application=_application(path, text, data.get("application", {})),
        root=configured_root.configured_root(data.get("vault", {}), lambda word: _within(path, text, "vault", word)),
        require_encrypted_volume=data.get("vault", {}).get("require_encrypted_volume", False),
        encrypted_by_provider=data.get("vault", {}).get("encrypted_by_provider", ""),
    )
    _check_values(path, text, made)
    return made


def _check_keys(path: Path, text: str, data: Mapping[str, Any]) -> None:
    for table, content in data.items():
        if table not in SHAPE:
            raise ConfigurationError(f"{_at(path, text, table)}: unknown table [{table}]; write one of {', '.join(SHAPE)}")
        if not isinstance(content, dict):
            raise ConfigurationError(f"{_at(path, text, table)}: {table} must be a table: [{table}]")
        for key, value in content.items():
            if key not in SHAPE[table]:
                raise ConfigurationError(f"{_at(path, text, key)}: unknown key {key} in [{table}]; write one of {', '.join(SHAPE[table])}")
            wanted = SHAPE[table][key]
            if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
                name = wanted.__name__ if isinstance(wanted, type) else " or ".join(t.__name__ for t in wanted)
                raise ConfigurationError(f"{_at(path, text, key)}: {table}.{key} must be of type {name}, not {value!r}")


def _check_values(path: Path, text: str, made: Configuration) -> None:
    if not HOST.fullmatch(made.base):
        raise ConfigurationError(f"{_at(path, text, 'base')}: {made.base!r} is not a host name with a dot, such as trust.example.org")
    for name in ("https", "http"):
        if not 0 < getattr(made, name) < 65536:
            raise ConfigurationError(f"{_at(path, text, name)}: addresses.{name} must be a port from 1 to 65535")
    if made.https == made.http:
        raise ConfigurationError(f"{_at(path, text, 'http')}: addresses.http and addresses.https must differ")
    if made.tls_profile not in TLS_PROFILES:
        raise ConfigurationError(f"{_at(path, text, 'profile')}: tls.profile must be one of {', '.join(TLS_PROFILES)}")
    if not 31 <= made.journal_days <= 3660:
        raise ConfigurationError(f"{_at(path, text, 'days')}: journal.days must be from 31 to 3660, not {made.journal_days}")
    for slug in made.statements:
        if not isinstance(slug, str):
            raise ConfigurationError(f"{_at(path, text, 'publish')}: statements.publish must hold words, not {slug!r}")
    if not NAME.fullmatch(made.application.name):
        raise ConfigurationError(
            f"{_at(path, text, 'name')}: {made.application.name!r} cannot be an application's name; write letters, digits, '-', '_' or '.'"
        )
    if made.application.upstream and not _is_upstream(made.application.upstream):
        raise ConfigurationError(
            f"{_at(path, text, 'upstream')}: {made.application.upstream!r} is not an upstream; "
            'write "127.0.0.1:8000" or "unix:/run/app.sock"'
        )
    if not made.statements:
        raise ConfigurationError(f'{_at(path, text, "publish")}: statements.publish names no statement; write for example ["aso"]')


def _is_upstream(value: str) -> bool:
    address = UPSTREAM.fullmatch(value)
    return address is not None and (address["port"] is None or 0 < int(address["port"]) < 65536)


def _vault(path: Path, text: str, data: Mapping[str, Any]) -> Vault:
    made = Vault(
        tuple(data.get("recipients", ())), data.get("threshold", Vault.threshold), data.get("days", Vault.days), data.get("backups", "")
    )
    for each in made.recipients:
        if not isinstance(each, str) or not RECIPIENT.fullmatch(each):
            raise ConfigurationError(
                f"{_at(path, text, 'recipients')}: {each!r} is no holder of a share; "
                "write what `garant key identity` printed: garant-share:…"
            )
    if made.recipients and (len(set(made.recipients)) != len(made.recipients) or not 2 <= made.threshold <= len(made.recipients)):
        raise ConfigurationError(
            f"{_at(path, text, 'threshold')}: vault.threshold is {made.threshold} of {len(made.recipients)} recipients; "
            "name different people, and 2 of them at least as threshold"
        )
    if not 1 <= made.days <= 3660:
        raise ConfigurationError(f"{_at(path, text, 'days')}: vault.days must be from 1 to 3660, not {made.days}")
    return made


def _application(path: Path, text: str, data: Mapping[str, Any]) -> Application:
    routes = []
    for entry in data.get("routes", []):
        words = entry.split() if isinstance(entry, str) else []
        if len(words) not in (2, 3) or not words[0].startswith("/") or words[1] not in ROUTE_CLASSES:
            raise ConfigurationError(
                f'{_at(path, text, "routes")}: {entry!r} is not a route; write "/prefix/ public", "/prefix/ login", '
                '"/prefix/ member" or "/prefix/ member role1,role2"'
            )
        routes.append(Route(words[0], words[1], tuple(words[2].split(",")) if len(words) == 3 else ()))
    upstream = data.get("upstream", "")
    return Application(
        name=data.get("name", Application.name),
        upstream=upstream,
        routes=tuple(routes) if routes or upstream else EXAMPLE_ROUTES,
        user=data.get("user", Application.user),
        probe=data.get("probe", Application.probe),
        map=data.get("map", Application.map),
        role=data.get("role", Application.role),
    )


def _at(path: Path, text: str, word: str) -> str:
    """`file:line` of the first line that speaks of `word`."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[?\s*\"?{re.escape(word)}\b", line):
            return f"{path}:{number}"
    return str(path)


def _within(path: Path, text: str, table: str, word: str) -> str:
    """The same, from the header of `table` on."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if re.match(rf"\s*\[\s*{re.escape(table)}\s*\]", line)), 0)
    for number, line in enumerate(lines[start:], start + 1):
        if re.match(rf"\s*\"?{re.escape(word)}\b", line):
            return f"{path}:{number}"
    return f"{path}:{start + 1}"
