"""What each protector of the root does besides the contract: its own parameters, its errors, its calendar.

Real: age, SoftHSM2. Stand-ins: see `support.transit` and `support.clouds`."""

import multiprocessing
import os
import pwd
import sys
import tempfile
import tomllib
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyrage
import pytest
from pkcs11 import Attribute
from pkcs11.exceptions import AttributeSensitive

from garant.kernel.errors import ConfigurationError
from garant.sdk.envelope import SealError
from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.kms.age import AgeRoot
from garant.vault.engines.kms.aws import AwsRoot
from garant.vault.engines.kms.azure import AzureRoot
from garant.vault.engines.kms.choice import chosen
from garant.vault.engines.kms.extras import REQUIREMENTS, need
from garant.vault.engines.kms.pkcs11 import Pkcs11Root
from garant.vault.engines.kms.remembered import Remembered
from garant.vault.engines.roots import RootGone, RootProtector, RootUnavailable
from support import clouds, softhsm, transit
from support.roots import Moment, age_identity, age_passphrase, aws, file, pkcs11, transit_at

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = bytes(range(32))
LABEL = "garant/epoch/local/1"
SAINT_ELAN = uuid.UUID("00000000-0000-4000-8000-0000000000a1")


class TestAge:
    def test_a_passphrase_serves_too_and_is_asked_once_a_process(self, tmp_path: Path) -> None:
        """The real work factor: some seconds for each opening, hence one test only."""
        root = age_passphrase(tmp_path, ExitStack())
        store = KeyStore(tmp_path / "keys", protector=root, group="no-such-group")
        store.make_root()
        ours = store.make_tenant_key(SAINT_ELAN)
        assert store.tenant_key(SAINT_ELAN) == ours
        (tmp_path / "phrase").write_text("une autre phrase\n")
        assert store.tenant_key(SAINT_ELAN) == ours
        stranger = AgeRoot(tmp_path / "root", passphrase=tmp_path / "phrase", group="no-such-group")
        with pytest.raises(ConfigurationError, match="does not open with"):
            stranger.wrap(1, KEY, LABEL)

    def test_the_files_alone_open_nothing(self, tmp_path: Path) -> None:
        root = age_identity(tmp_path, ExitStack())
        root.rotate_epoch(1)
        (tmp_path / "identity").write_text(f"{pyrage.x25519.Identity.generate()}\n")
        thief = AgeRoot(tmp_path / "root", identity=tmp_path / "identity", group="no-such-group")
        with pytest.raises(ConfigurationError, match="does not open with"):
            thief.wrap(1, KEY, LABEL)

    def test_a_file_that_another_process_disabled_is_felt_at_once(self, tmp_path: Path) -> None:
        root = age_identity(tmp_path, ExitStack())
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        AgeRoot(tmp_path / "root", identity=tmp_path / "identity", group="no-such-group").disable(1)
        with pytest.raises(RootGone, match="disabled"):
            root.unwrap(1, wrapped, LABEL)
        (tmp_path / "root" / "1.age.disabled").rename(tmp_path / "root" / "1.age")
        assert root.unwrap(1, wrapped, LABEL) == KEY

    @pytest.mark.parametrize(
        ("content", "mode", "said"),
        [("nothing", 0o600, "no age identity"), ("AGE-SECRET-KEY-1WRONG", 0o600, "damaged age identity"), ("x", 0o604, "chmod o-rwx")],
    )
    def test_a_bad_identity_is_said(self, tmp_path: Path, content: str, mode: int, said: str) -> None:
        (tmp_path / "identity").write_text(content)
        (tmp_path / "identity").chmod(mode)
        with pytest.raises(ConfigurationError, match=said):
            AgeRoot(tmp_path / "root", identity=tmp_path / "identity", group="no-such-group").rotate_epoch(1)

    def test_identity_and_passphrase_exclude_each_other(self, tmp_path: Path) -> None:
        for given in ({}, {"identity": tmp_path, "passphrase": tmp_path}):
            with pytest.raises(ConfigurationError, match="either identity or passphrase"):
                AgeRoot(tmp_path, **given)


class TestPkcs11:
    def test_two_processes_after_a_fork_both_use_the_token(self, tmp_path: Path) -> None:
        root = pkcs11(tmp_path, ExitStack())
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)

        def work(ours: Connection) -> None:
            ours.send(root.unwrap(1, wrapped, LABEL) == KEY)

        fork = multiprocessing.get_context("fork")
        ours, theirs = fork.Pipe()
        child = fork.Process(target=work, args=(theirs,))
        child.start()
        assert ours.poll(20)
        assert ours.recv() is True
        child.join()
        assert root.unwrap(1, wrapped, LABEL) == KEY

    def test_the_key_never_leaves_the_token(self, tmp_path: Path) -> None:
        root = pkcs11(tmp_path, ExitStack())
        assert isinstance(root, Pkcs11Root)
        root.rotate_epoch(1)
        key = root._key(1)
        assert key[Attribute.SENSITIVE]
        assert not key[Attribute.EXTRACTABLE]
        with pytest.raises(AttributeSensitive):
            key[Attribute.VALUE]

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"token": "another"}, "knows no token 'another'"),
            ({"module": Path("/usr/lib/nothing.so")}, "cannot be used as a PKCS#11 module"),
            ({"pin": Path("/nothing")}, "PIN of the token"),
        ],
    )
    def test_a_wrong_parameter_is_said(self, tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
        token = softhsm.make_token(tmp_path / "token")
        given = {"module": token.module, "token": token.label, "pin": token.pin, **wrong}
        with pytest.raises(ConfigurationError, match=said):
            Pkcs11Root(**given).rotate_epoch(1)

    def test_a_wrong_pin_is_said(self, tmp_path: Path) -> None:
        token = softhsm.make_token(tmp_path / "token")
        token.pin.write_text("0000")
        with pytest.raises(ConfigurationError, match="refuses the PIN"):
            Pkcs11Root(token.module, token.label, token.pin).rotate_epoch(1)

    @pytest.mark.skipif(os.geteuid() != 0, reason="root alone makes keys for somebody else")
    def test_a_key_that_root_makes_is_the_service_user_s(self) -> None:
        """`garant key rotate --root` is run by root, and the service reads a token of files."""
        user = pwd.getpwnam("garant") if any(each.pw_name == "garant" for each in pwd.getpwall()) else None
        if user is None:
            pytest.skip("no system user garant here")
        with tempfile.TemporaryDirectory() as place:
            Path(place).chmod(0o755)
            token = softhsm.make_token(Path(place) / "token")
            for each in [Path(place) / "token", *(Path(place) / "token").rglob("*")]:
                os.chown(each, user.pw_uid, user.pw_gid)
            root = Pkcs11Root(token.module, token.label, token.pin)
            root.rotate_epoch(1)
            assert root.unwrap(1, root.wrap(1, KEY, LABEL), LABEL) == KEY
            made = [each for each in (Path(place) / "token" / "tokens").rglob("*.object") if each.name != "token.object"]
            assert [each.stat().st_uid for each in made] == [user.pw_uid]
            assert os.geteuid() == 0

    def test_two_installations_on_one_token_have_their_own_keys(self, tmp_path: Path) -> None:
        token = softhsm.make_token(tmp_path / "token")
        ours, theirs = (Pkcs11Root(token.module, token.label, token.pin, label=label) for label in ("ici", "ailleurs"))
        ours.rotate_epoch(1)
        wrapped = ours.wrap(1, KEY, LABEL)
        with pytest.raises(RootGone):
            theirs.unwrap(1, wrapped, LABEL)


class TestServices:
    def test_a_transit_engine_that_is_away_or_refuses_is_said(self, tmp_path: Path) -> None:
        with transit.stand_in() as address:
            root = transit_at(address, tmp_path)
            root.rotate_epoch(1)
            wrapped = root.wrap(1, KEY, LABEL)
            (tmp_path / "vault-token").write_text("hvs.wrong")
            with pytest.raises(ConfigurationError, match="refuses the token"):
                root.unwrap(1, wrapped, LABEL)
            (tmp_path / "vault-token").unlink()
            with pytest.raises(ConfigurationError, match="cannot be read"):
                root.unwrap(1, wrapped, LABEL)
        (tmp_path / "vault-token").write_text(transit.TOKEN)
        with pytest.raises(RootUnavailable):
            root.unwrap(1, wrapped, LABEL)

    def test_aws_orders_the_deletion_on_the_last_thirty_days(self, tmp_path: Path) -> None:
        with ExitStack() as stack:
            root = aws(tmp_path, stack)
            assert isinstance(root, AwsRoot)
            root.rotate_epoch(1)
            clock, start = root._clock, root._clock.now()
            assert isinstance(clock, Moment)
            day = start + timedelta(days=180)
            assert root.schedule_destroy(1, day) == day
            assert root._state(1)["KeyState"] == "Disabled"  # type: ignore[index]
            clock.moment = start + timedelta(days=149)
            assert root.schedule_destroy(1, day) == day
            assert root._state(1)["KeyState"] == "Disabled"  # type: ignore[index]
            clock.moment = start + timedelta(days=151)
            ordered = root.schedule_destroy(1, day)
            assert root._state(1)["KeyState"] == "PendingDeletion"  # type: ignore[index]
            assert timedelta(days=28) < ordered - start < timedelta(days=31), "moto counts from its own clock"
            assert root.schedule_destroy(1, day) == ordered

    def test_aws_that_is_away_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        with pytest.raises(RootUnavailable, match="does not answer"):
            AwsRoot("ca-central-1", endpoint="http://127.0.0.1:9").unwrap(1, b"x", LABEL)

    def test_azure_deletes_one_retention_before_the_day(self, tmp_path: Path) -> None:
        vault, clock = clouds.KeyVault(), Moment(datetime.now(UTC))
        root = AzureRoot(vault.address, credential=clouds.Credential(), transport=vault.transport(), clock=clock)
        root.rotate_epoch(1)
        day = clock.now() + timedelta(days=180)
        root.schedule_destroy(1, day)
        assert not vault.keys["garant-epoch-1"]["attributes"]["enabled"]
        clock.moment += timedelta(days=91)
        root.schedule_destroy(1, day)
        assert "garant-epoch-1" in vault.deleted
        root.destroy(1)
        assert "garant-epoch-1" in vault.deleted, "purge protection keeps it until its retention ends"
        vault.protected = False
        root.destroy(1)
        assert not vault.deleted

    def test_azure_that_is_away_or_refuses_is_said(self) -> None:
        vault = clouds.KeyVault()
        root = AzureRoot(vault.address, credential=clouds.Credential(), transport=vault.transport(), retry_total=0)
        root.rotate_epoch(1)
        vault.closed = True
        with pytest.raises(ConfigurationError, match="give it a role"):
            root.wrap(1, KEY, LABEL)
        vault.down = True
        with pytest.raises(RootUnavailable):
            root.wrap(1, KEY, LABEL)


class Counting:
    """A protector that counts what it is asked."""

    name = "file"

    def __init__(self, root: RootProtector) -> None:
        self.root, self.asked = root, 0

    def __getattr__(self, verb: str) -> Any:
        return getattr(self.root, verb)

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        self.asked += 1
        return self.root.unwrap(epoch, wrapped, label)


class TestRemembered:
    def test_a_key_is_asked_once_and_again_after_its_time(self, tmp_path: Path) -> None:
        counting, clock = Counting(file(tmp_path, ExitStack())), Moment(NOW)
        root = Remembered(counting, clock=clock)  # type: ignore[arg-type]
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        assert [root.unwrap(1, wrapped, LABEL) for _ in range(5)] == [KEY] * 5
        assert counting.asked == 1
        clock.moment += timedelta(minutes=6)
        root.unwrap(1, wrapped, LABEL)
        assert counting.asked == 2
        with pytest.raises(SealError):
            root.unwrap(1, wrapped, "another")

    def test_what_this_process_disables_or_destroys_is_forgotten(self, tmp_path: Path) -> None:
        root = Remembered(file(tmp_path, ExitStack()))
        for epoch, act in ((1, root.disable), (2, root.destroy)):
            root.rotate_epoch(epoch)
            wrapped = root.wrap(epoch, KEY, LABEL)
            root.unwrap(epoch, wrapped, LABEL)
            act(epoch)
            with pytest.raises((RootGone, ConfigurationError)):
                root.unwrap(epoch, wrapped, LABEL)

    def test_a_forked_child_asks_for_itself(self, tmp_path: Path) -> None:
        counting = Counting(file(tmp_path, ExitStack()))
        root = Remembered(counting)  # type: ignore[arg-type]
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        root.unwrap(1, wrapped, LABEL)

        def work(pipe: Connection) -> None:
            root.unwrap(1, wrapped, LABEL)
            pipe.send(counting.asked)

        fork = multiprocessing.get_context("fork")
        ours, theirs = fork.Pipe()
        child = fork.Process(target=work, args=(theirs,))
        child.start()
        assert ours.poll(20)
        assert ours.recv() == 2
        child.join()


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    with pytest.raises(ConfigurationError, match=r'needs the extra "transit".*pip install "hvac'):
        need("hvac", "transit")


def test_the_requirements_are_those_of_the_project() -> None:
    declared = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra, words in REQUIREMENTS.items():
        assert words == " ".join(f'"{each}"' for each in declared[extra])


class TestChoice:
    def test_each_root_is_made_from_its_parameters(self, tmp_path: Path) -> None:
        given: dict[str, dict[str, Any]] = {
            "file": {},
            "age": {"identity": str(tmp_path / "identity")},
            "pkcs11": {"module": "/usr/lib/x.so", "token": "garant", "pin": "/run/pin", "environment": ["A=b"], "key": "ville"},
            "transit": {"address": "https://vault.example.org", "token": "/run/token", "mount": "transit", "authority": "/etc/ca.pem"},
            "aws": {"region": "ca-central-1", "key": "ville"},
        }
        for name, parameters in given.items():
            assert chosen(name, parameters, tmp_path).name == name

    def test_an_unknown_root_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="write one of file, age, pkcs11"):
            chosen("abacus", {}, tmp_path)

    def test_azure_without_its_identity_library_names_the_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "azure.identity", None)
        with pytest.raises(ConfigurationError, match='needs the extra "azure"'):
            chosen("azure", {"address": "https://garant.vault.azure.net"}, tmp_path)
