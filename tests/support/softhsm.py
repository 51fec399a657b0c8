"""A PKCS#11 token for one test: SoftHSM2, the real program."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")


@dataclass(frozen=True)
class Token:
    """`environment`: what the library wants to find."""

    module: Path
    label: str
    pin: Path
    environment: str


def module() -> Path | None:
    """The library, if it is installed."""
    return next((Path(each) for each in MODULES if Path(each).exists()), None)


def make_token(directory: Path, label: str = "garant") -> Token:
    """A new token, in a directory of its own; SoftHSM finds it from here on, in this process."""
    found = module()
    assert found is not None, "SoftHSM2 is not installed; `./garant test` installs it"
    tokens, settings, pin = directory / "tokens", directory / "softhsm2.conf", directory / "pin"
    tokens.mkdir(parents=True)
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pin.write_text("7391\n")
    pin.chmod(0o600)
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", "7391", "--so-pin", "8642"]
    os.environ["SOFTHSM2_CONF"] = str(settings)
    subprocess.run(command, check=True, capture_output=True)
    return Token(found, label, pin, f"SOFTHSM2_CONF={settings}")
