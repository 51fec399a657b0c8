"""The protector that garant.toml names, from its table [vault]."""

import importlib
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from garant.kernel.errors import ConfigurationError
from garant.vault.engines import files
from garant.vault.engines.kms.remembered import Remembered
from garant.vault.engines.roots import FileRoot, RootProtector

Given = Mapping[str, Any]


def chosen(root: str, given: Given, directory: Path, *, group: str = files.GROUP) -> RootProtector:
    """The protector `root` with the parameters of [vault], which the configuration has checked. `directory`: of files, where it needs some.

    Raises ConfigurationError for a root that is not known and for a library that is not installed.
    """
    if root == "file":
        return FileRoot(directory, group=group)
    if root not in MAKERS:
        raise ConfigurationError(f"the root {root!r} is not known; write one of file, {', '.join(MAKERS)}")
    # What a library wants to find in the environment: processes of Garant inherit nothing.
    os.environ.update(dict(word.partition("=")[::2] for word in given.get("environment", ())))
    # Named here, so that a library is imported only where it is used.
    module = importlib.import_module(f"garant.vault.engines.kms.{root}")
    made: RootProtector = MAKERS[root](module, given, directory, group)
    return made if root == "age" else Remembered(made)


def _path(given: Given, name: str) -> Path | None:
    return Path(given[name]) if name in given else None


def _only(given: Given, *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _age(module: Any, given: Given, directory: Path, group: str) -> RootProtector:
    made: RootProtector = module.AgeRoot(directory, identity=_path(given, "identity"), passphrase=_path(given, "passphrase"), group=group)
    return made


def _pkcs11(module: Any, given: Given, directory: Path, group: str) -> RootProtector:  # noqa: ARG001 - one signature
    made: RootProtector = module.Pkcs11Root(Path(given["module"]), given["token"], Path(given["pin"]), label=given.get("key", "garant"))
    return made


def _transit(module: Any, given: Given, directory: Path, group: str) -> RootProtector:  # noqa: ARG001 - one signature
    made: RootProtector = module.TransitRoot(
        given["address"], Path(given["token"]), authority=_path(given, "authority"), **_only(given, "mount", "key", "namespace")
    )
    return made


def _aws(module: Any, given: Given, directory: Path, group: str) -> RootProtector:  # noqa: ARG001 - one signature
    made: RootProtector = module.AwsRoot(given["region"], **_only(given, "key", "endpoint"))
    return made


def _azure(module: Any, given: Given, directory: Path, group: str) -> RootProtector:  # noqa: ARG001 - one signature
    made: RootProtector = module.AzureRoot(
        given["address"], retention=timedelta(days=given.get("retention", 90)), **_only(given, "key", "hardware")
    )
    return made


MAKERS: Mapping[str, Callable[[Any, Given, Path, str], RootProtector]] = {
    "age": _age,
    "pkcs11": _pkcs11,
    "transit": _transit,
    "aws": _aws,
    "azure": _azure,
}
