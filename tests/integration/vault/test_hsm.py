"""The vault on a real PKCS#11 token (SoftHSM2): two organisations seal and open, in this process and in another."""

import json
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
from typer.testing import CliRunner

from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError, InputError
from garant.project.cli.key import app
from garant.project.configured_root import ConfiguredRoot
from garant.vault import service as vault
from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.kms.choice import chosen
from garant.vault.engines.roots import FileRoot
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


@pytest.mark.django_db
class TestMoving:
    """From a file to the token, as an operator does it after a time."""

    @pytest.fixture
    def before(self, token: softhsm.Token, monkeypatch: pytest.MonkeyPatch) -> tuple[ConfiguredRoot, tuple[uuid.UUID, uuid.UUID]]:
        present = settings.GARANT
        monkeypatch.setattr(settings, "GARANT", replace(present, root=ConfiguredRoot()))
        assert vault.make_root()
        made = uuid.uuid4(), uuid.uuid4()
        for tenant in made:
            with tenant_transaction(tenant):
                vault.make_tenant_keys(tenant=tenant, at=NOW, actor="system:test")
        monkeypatch.setattr(settings, "GARANT", present)
        return ConfiguredRoot(), made

    def move(self, former: ConfiguredRoot) -> int:
        with tenant_transaction(None, scope="operator"):
            return vault.move_root(former=vault.former_protector(former.kind, former.parameters), at=NOW, actor="system:test")

    def test_everything_opens_under_the_new_root_and_nothing_under_the_former(
        self, before: tuple[ConfiguredRoot, tuple[uuid.UUID, uuid.UUID]], tmp_path: Path
    ) -> None:
        former, (mine, theirs) = before
        shutil.copy(tmp_path / "keys" / "store.sqlite", tmp_path / "old.sqlite")
        with pytest.raises(ConfigurationError, match="garant key move"):
            KeyStore(tmp_path / "keys", protector=protector(tmp_path / "keys")).root()
        assert self.move(former) == 2
        for tenant in (mine, theirs):
            with tenant_transaction(tenant):
                assert unseal(tenant, seal(tenant)) == SECRET
        assert not list((tmp_path / "keys" / "root").iterdir()), "the file root is destroyed"
        shutil.copy(tmp_path / "old.sqlite", tmp_path / "keys" / "store.sqlite")
        with pytest.raises(ConfigurationError):
            KeyStore(tmp_path / "keys").root()

    def test_a_move_that_was_killed_before_the_end_is_finished_by_the_next(
        self, before: tuple[ConfiguredRoot, tuple[uuid.UUID, uuid.UUID]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        former, (mine, _) = before

        def killed(self: FileRoot, epoch: int) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(FileRoot, "destroy", killed)
            with pytest.raises(KeyboardInterrupt):
                self.move(former)
        assert vault.root_left_behind() == {1: "file"}
        assert not vault.make_root(), "a start in between works, and does not take the former root for destroyed"
        assert vault.root_left_behind() == {1: "file"}
        with tenant_transaction(mine):
            assert unseal(mine, seal(mine)) == SECRET
        assert self.move(former) == 2
        assert vault.root_left_behind() == {}
        assert not list((tmp_path / "keys" / "root").iterdir())

    def test_the_commands_say_and_do_it(
        self, before: tuple[ConfiguredRoot, tuple[uuid.UUID, uuid.UUID]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def run(*words: str) -> tuple[int, str]:
            done = CliRunner().invoke(app, list(words))
            if done.exception is not None and not isinstance(done.exception, SystemExit):
                raise done.exception
            return done.exit_code, done.stdout

        former = tmp_path / "before.toml"
        with pytest.raises(InputError, match="is no file"):
            run("move", str(former))
        former.write_text("")
        code, said = run("move", str(former))
        assert (code, "The root is pkcs11, at epoch 2" in said) == (0, True)
        code, said = run("root", "--json")
        assert code == 0
        assert json.loads(said)["root"] == "pkcs11"
        assert json.loads(said)["left"] == {}
        code, said = run("root")
        assert "SoftHSM" in said
        monkeypatch.setattr(settings, "GARANT", replace(settings.GARANT, root=ConfiguredRoot()))
        with pytest.raises(ConfigurationError, match="names the same root"):
            run("move", str(former))
