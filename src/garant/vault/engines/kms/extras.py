"""Libraries that only one adapter needs."""

import importlib
import sys
from types import ModuleType

from garant.kernel.errors import ConfigurationError

REQUIREMENTS = {
    "age": '"pyrage>=1.4,<2"',
    "pkcs11": '"python-pkcs11>=0.10.1,<0.11"',
    "transit": '"hvac>=2.4,<3"',
    "aws": '"boto3>=1.44,<2"',
    "azure": '"azure-keyvault-keys>=4.11,<5" "azure-identity>=1.19,<2"',
}
"""As in pyproject.toml, by extra."""


def need(module: str, extra: str) -> ModuleType:
    """The module. Raises ConfigurationError that names the extra and the command when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f'the root "{extra}" needs the extra "{extra}", which is not installed; '
            f"run: {sys.executable} -m pip install {REQUIREMENTS[extra]}"
        ) from error
