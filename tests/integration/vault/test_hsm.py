"""The vault on a real PKCS#11 token (SoftHSM2): two organisations seal and open, in this process and in another."""

import shutil
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError
from garant.project.configured_root import ConfiguredRoot
from garant.vault import service as vault
from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.kms.choice import chosen
from garant.vault.service import states
from garant.vault.service.roots import _made, protector
from support import softhsm

NOW = datetime(2026, 11, 25, 14, tzinfo=UTC)
SECRET = b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SOURCES = Path(__file__).resolve().parents[3] / "src"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[softhsm.Token]:
    """A deployment of this test alone, whose garant.toml names a token."""
    made = softhsm.make_token(tmp_path / "token")
    given = {"module": str(made.module), "token": made.label, "pin": str(made.pin), "environment": (made.environment,)}
    monkeypatch.setattr(settings, "DATA", tmp_path)
    monkeypatch.setattr(settings, "GARANT", replace(settings.GARANT, root=ConfiguredRoot("pkcs11", tuple(sorted(given.items())))))
    yield made
    _made.cache_clear()


@pytest.fixture
def two_tenants(token: softhsm.Token) -> tuple[uuid.UUID, uuid.UUID]:
    assert vault.make_root()
    made = uuid.uuid4(), uuid.uuid4()
    for tenant in made:
        with tenant_transaction(tenant):
            vault.make_tenant_keys(tenant=tenant, at=NOW, actor="system:test")
    return made


def seal(tenant: uuid.UUID) -> bytes:
    return vault.seal(tenant=tenant, table="access_factor", column="secret", row="7", plaintext=SECRET)


def unseal(tenant: uuid.UUID, envelope: bytes) -> bytes:
    return vault.unseal(tenant=tenant, table="access_factor", column="secret", row="7", envelope=envelope)


@pytest.mark.django_db
class TestOnAToken:
    def test_organisations_seal_and_open_and_never_each_other_s(self, two_tenants: tuple[uuid.UUID, uuid.UUID], tmp_path: Path) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            envelope = seal(mine)
            assert unseal(mine, envelope) == SECRET
        with tenant_transaction(theirs):
            assert unseal(theirs, seal(theirs)) == SECRET
            with pytest.raises(vault.SealError):
                unseal(theirs, envelope)
        assert not list((tmp_path / "keys").glob("root/*")), "no secret of the root lies in a file"

    def test_a_new_epoch_leaves_an_old_copy_unreadable(self, two_tenants: tuple[uuid.UUID, uuid.UUID], tmp_path: Path) -> None:
        mine, _ = two_tenants
        with tenant_transaction(mine):
            envelope = seal(mine)
        shutil.copytree(tmp_path / "keys", tmp_path / "copy")
        assert KeyStore(tmp_path / "keys", protector=protector(tmp_path / "keys")).rotate_root() == 2
        with tenant_transaction(mine):
            assert unseal(mine, envelope) == SECRET
        root = settings.GARANT.root
        copy = KeyStore(tmp_path / "copy", protector=chosen(root.kind, dict(root.parameters), tmp_path / "copy" / "root"))
        with pytest.raises(vault.RootGone):
            copy.tenant_key(mine)

    def test_without_the_token_nothing_opens(self, two_tenants: tuple[uuid.UUID, uuid.UUID], monkeypatch: pytest.MonkeyPatch) -> None:
        mine, _ = two_tenants
        with tenant_transaction(mine):
            envelope = seal(mine)
            monkeypatch.setattr(settings, "GARANT", replace(settings.GARANT, root=ConfiguredRoot()))
            states.suspend(tenant=mine, at=NOW, actor="staff:1", reason="essai")
            states.resume(tenant=mine, at=NOW, actor="staff:1", reason="essai")
            with pytest.raises(ConfigurationError, match=r"protected by the root 'pkcs11', and garant\.toml names 'file'"):
                unseal(mine, envelope)

    def test_it_says_that_this_token_is_software(self, token: softhsm.Token) -> None:
        said = vault.root_attestation()
        assert said.adapter == "pkcs11"
        assert not said.hardware
        assert not said.cryptographic
        assert "SoftHSM" in said.words.fr


def test_another_process_reads_garant_toml_and_uses_the_same_token(tmp_path: Path) -> None:
    """Configuration, settings, protector and key store together, in a process that inherits nothing."""
    token = softhsm.make_token(tmp_path / "token")
    toml = tmp_path / "garant.toml"
    toml.write_text(
        f'[vault]\nroot = "pkcs11"\nmodule = "{token.module}"\ntoken = "{token.label}"\npin = "{token.pin}"\n'
        f'environment = ["{token.environment}"]\n'
    )
    (tmp_path / "secrets").mkdir()
    for name in ("django", "database-web"):
        (tmp_path / "secrets" / name).write_text("x" * 50)
    program = """
        import django, uuid
        django.setup()
        from garant.vault import service as vault
        from garant.vault.service.setting import store
        print(vault.make_root(), store().make_tenant_key(uuid.UUID(int=7)).hex())
    """
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(SOURCES), "DJANGO_SETTINGS_MODULE": "garant.project.settings"}
    environment |= {"GARANT_DATA": str(tmp_path), "GARANT_CONFIG": str(toml), "GARANT_DATABASE_URL": "postgresql://127.0.0.1/none"}
    said = [
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert [made for made, _ in said] == ["True", "False"]
    assert said[0][1] == said[1][1]
