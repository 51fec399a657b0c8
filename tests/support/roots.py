"""Every protector of the root, ready for a test. Real: files, age, SoftHSM2 over PKCS#11, and a transit server where one is installed.
Stand-ins, named in `support.transit` and `support.clouds`: OpenBao and Vault, AWS, Azure."""

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from garant.kernel.clock import Clock
from garant.vault.engines.kms.age import AgeRoot
from garant.vault.engines.kms.aws import AwsRoot
from garant.vault.engines.kms.azure import AzureRoot
from garant.vault.engines.kms.pkcs11 import Pkcs11Root
from garant.vault.engines.kms.transit import TransitRoot
from garant.vault.engines.roots import FileRoot, RootProtector
from support import clouds, softhsm, transit


class Moment(Clock):
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


def file(directory: Path, stack: ExitStack) -> RootProtector:
    return FileRoot(directory / "root", group="no-such-group")


def age_identity(directory: Path, stack: ExitStack) -> RootProtector:
    identity = directory / "identity"
    identity.write_text(f"# created by a test\n{pyrage.x25519.Identity.generate()}\n")
    identity.chmod(0o600)
    return AgeRoot(directory / "root", identity=identity, group="no-such-group")


def age_passphrase(directory: Path, stack: ExitStack) -> RootProtector:
    phrase = directory / "phrase"
    phrase.write_text("cinq mots que personne ne devine\n")
    phrase.chmod(0o600)
    return AgeRoot(directory / "root", passphrase=phrase, group="no-such-group")


def pkcs11(directory: Path, stack: ExitStack) -> RootProtector:
    token = softhsm.make_token(directory / "token")
    return Pkcs11Root(token.module, token.label, token.pin)


def transit_at(address: str, directory: Path, key: str = "garant") -> RootProtector:
    token = directory / "vault-token"
    token.write_text(transit.TOKEN + "\n")
    return TransitRoot(address, token, key=key)


def transit_openbao(directory: Path, stack: ExitStack) -> RootProtector:
    return transit_at(stack.enter_context(transit.stand_in(soft=True)), directory)


def transit_vault(directory: Path, stack: ExitStack) -> RootProtector:
    return transit_at(stack.enter_context(transit.stand_in(soft=False)), directory)


def transit_real(directory: Path, stack: ExitStack) -> RootProtector:
    if transit.program() is None:
        pytest.skip("no bao or vault on this machine; the stand-in speaks for it")
    return transit_at(transit.real(), directory, f"test-{uuid.uuid4()}")


def aws(directory: Path, stack: ExitStack) -> RootProtector:
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    return AwsRoot("ca-central-1", endpoint=stack.enter_context(clouds.kms()), clock=Moment(datetime.now(UTC)))


def azure(directory: Path, stack: ExitStack) -> RootProtector:
    vault = clouds.KeyVault()
    return AzureRoot(vault.address, credential=clouds.Credential(), transport=vault.transport(), clock=Moment(datetime.now(UTC)))


MAKERS: list[Callable[[Path, ExitStack], RootProtector]] = [
    file,
    age_identity,
    pkcs11,
    transit_openbao,
    transit_vault,
    transit_real,
    aws,
    azure,
]
