"""What protects the root of the keys, in the table [vault] of garant.toml: `root = "file"` and the parameters of that root alone.

| root    | must be written               | may be written                                                              |
|---------|-------------------------------|-----------------------------------------------------------------------------|
| file    |                               |                                                                             |
| age     | identity or passphrase        |                                                                             |
| pkcs11  | module, token, pin            | key, environment                                                            |
| transit | address, token                | mount, key, authority, namespace                                            |
| aws     | region                        | key, endpoint, environment                                                  |
| azure   | address                       | key, retention (days), hardware, environment                                |

`token` is the label of a PKCS#11 token, and the path of a file for transit. Secrets are always paths of files, absolute; `environment` is a
list of `NAME=value` that the library wants to find, and holds no secret either.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError

SHAPE: Mapping[str, type | tuple[type, ...]] = {
    "root": str,
    "identity": str,
    "passphrase": str,
    "module": str,
    "token": str,
    "pin": str,
    "key": str,
    "environment": list,
    "address": str,
    "mount": str,
    "authority": str,
    "namespace": str,
    "region": str,
    "endpoint": str,
    "retention": int,
    "hardware": bool,
}
"""Keys of [vault] that speak of the root."""
NEEDED: Mapping[str, tuple[str, ...]] = {
    "file": (),
    "age": (),
    "pkcs11": ("module", "token", "pin"),
    "transit": ("address", "token"),
    "aws": ("region",),
    "azure": ("address",),
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "file": (),
    "age": ("identity", "passphrase"),
    "pkcs11": ("key", "environment"),
    "transit": ("mount", "key", "authority", "namespace"),
    "aws": ("key", "endpoint", "environment"),
    "azure": ("key", "retention", "hardware", "environment"),
}
FILES = frozenset({"identity", "passphrase", "module", "pin", "authority"})
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
VARIABLE = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=[^\n\0]+")
SECRET = re.compile(r"SECRET|PASSWORD|PASSPHRASE|TOKEN|PIN$")


@dataclass(frozen=True)
class ConfiguredRoot:
    """`parameters`: pairs, so that the whole can be compared and remembered."""

    kind: str = "file"
    parameters: tuple[tuple[str, Any], ...] = ()


def configured_root(data: Mapping[str, Any], at: Callable[[str], str]) -> ConfiguredRoot:
    """The root in the table [vault], whose keys and types are right already. `at`: `file:line` of a key. Raises ConfigurationError."""
    kind = data.get("root", "file")
    given = {key: value for key, value in data.items() if key in SHAPE and key != "root"}
    if kind not in NEEDED:
        raise ConfigurationError(f"{at('root')}: vault.root must be one of {', '.join(NEEDED)}, not {kind!r}")
    for key in given:
        if key not in NEEDED[kind] + ALLOWED[kind]:
            ours = NEEDED[kind] + ALLOWED[kind]
            advice = f"it takes {', '.join(ours)}" if ours else 'it takes no parameter; name another root, or "pkcs11" for a device'
            raise ConfigurationError(f'{at(key)}: vault.{key} says nothing to root = "{kind}"; {advice}')
    for key in NEEDED[kind]:
        if not given.get(key):
            raise ConfigurationError(f'{at("root")}: root = "{kind}" needs vault.{key}')
    if kind == "age" and len(given) != 1:
        raise ConfigurationError(f'{at("root")}: root = "age" needs vault.identity or vault.passphrase, one of them: the path of a file')
    for key, value in given.items():
        _check(kind, key, value, at)
    pairs = ((key, tuple(value) if isinstance(value, list) else value) for key, value in sorted(given.items()))
    return ConfiguredRoot(kind, tuple(pairs))


def _check(kind: str, key: str, value: Any, at: Callable[[str], str]) -> None:
    if (key in FILES or (kind, key) == ("transit", "token")) and not Path(value).is_absolute():
        raise ConfigurationError(f"{at(key)}: vault.{key} is the absolute path of a file, not {value!r}")
    if key == "key" and not NAMES.fullmatch(value):
        raise ConfigurationError(f"{at(key)}: vault.key begins the names of keys: letters, digits and '-', not {value!r}")
    if key in ("address", "endpoint") and not value.startswith("https://") and not value.startswith("http://127.0.0.1:"):
        raise ConfigurationError(f"{at(key)}: vault.{key} must begin with https://, not {value!r}: the root key travels through it")
    if key == "retention" and not 7 <= value <= 90:
        raise ConfigurationError(f"{at(key)}: vault.retention is that of the key vault, 7 to 90 days, not {value}")
    if key == "environment":
        for word in value:
            found = VARIABLE.fullmatch(word) if isinstance(word, str) else None
            if found is None:
                raise ConfigurationError(f'{at(key)}: {word!r} is not a variable; write "SOFTHSM2_CONF=/etc/softhsm2.conf"')
            if SECRET.search(found["name"]) and not found["name"].endswith("_FILE"):
                raise ConfigurationError(f"{at(key)}: {found['name']} is a secret; put it into a file, and name the file")
