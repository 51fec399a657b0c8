"""The key store: made once, read by few, and refusing whatever is not its own."""

import base64
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError
from garant.sdk.envelope import check_value
from garant.vault.engines import files
from garant.vault.engines.keystore import KeyStore
from garant.vault.policy import wrap

SAINT_ELAN = uuid.UUID("00000000-0000-4000-8000-0000000000a1")
TROIS_RAPIDES = uuid.UUID("00000000-0000-4000-8000-0000000000b2")
SOURCES = Path(__file__).resolve().parents[3] / "src"


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    made = KeyStore(tmp_path / "keys", group="no-such-group")
    assert made.make_root() is True
    return made


def test_the_root_is_made_once_and_kept_from_strangers(store: KeyStore) -> None:
    root = store.root()
    assert (len(root.key), root.epoch, root.region) == (32, 1, "local")
    assert store.make_root() is False
    assert store.root() == root
    for path, mode in ((store.path, 0o600), (store.directory, 0o700), (store.directory / "root" / "1.key", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to a group")
def test_started_by_root_the_store_is_used_by_the_group_of_the_processes(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys", group="daemon")
    store.make_root()
    store.make_tenant_key(SAINT_ELAN)
    for path, mode in ((store.path, 0o660), (store.directory / "root" / "1.key", 0o660), (store.directory, 0o2770)):
        assert path.group() == "daemon"
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody")
def test_what_root_makes_in_a_directory_of_the_service_user_is_that_users(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    os.chown(tmp_path / "keys", 1, 1)
    store = KeyStore(tmp_path / "keys", group="daemon")
    store.make_root()
    store.make_tenant_key(SAINT_ELAN)
    store.rotate_root()
    for path in (store.path, store.directory / "root", store.directory / "root" / "2.key"):
        assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o077) == (1, 1, 0)


def test_a_tenant_key_is_made_once_and_differs_between_tenants(store: KeyStore) -> None:
    key = store.make_tenant_key(SAINT_ELAN)
    assert store.make_tenant_key(SAINT_ELAN) == key == store.tenant_key(SAINT_ELAN)
    assert store.make_tenant_key(TROIS_RAPIDES) != key
    with pytest.raises(ConfigurationError, match="does not hold"):
        store.tenant_key(uuid.uuid4())


def test_no_key_lies_in_clear_in_the_store(store: KeyStore) -> None:
    key = store.make_tenant_key(SAINT_ELAN)
    raw = store.path.read_bytes()
    for secret in (key, store.root().key):
        assert secret not in raw
        assert secret.hex().encode() not in raw
        assert base64.b64encode(secret) not in raw


def test_a_row_of_another_tenant_is_refused(store: KeyStore) -> None:
    store.make_tenant_key(SAINT_ELAN)
    store.make_tenant_key(TROIS_RAPIDES)
    with store.writing() as inside:
        inside.execute("delete from kek where tenant = ?", [str(TROIS_RAPIDES)])
        inside.execute("update kek set tenant = ?", [str(TROIS_RAPIDES)])
    with pytest.raises(ConfigurationError, match="damaged at tenant"):
        store.tenant_key(TROIS_RAPIDES)


def test_a_root_that_is_not_the_one_is_named_before_anything_is_decrypted(store: KeyStore, tmp_path: Path) -> None:
    store.make_tenant_key(SAINT_ELAN)
    other = KeyStore(tmp_path / "other", group="no-such-group")
    other.make_root()
    shutil.copy(other.directory / "root" / "1.key", store.directory / "root" / "1.key")
    with pytest.raises(ConfigurationError, match="another root key"):
        store.tenant_key(SAINT_ELAN)


def test_a_lost_store_or_root_is_never_replaced_by_a_new_one(store: KeyStore) -> None:
    store.make_tenant_key(SAINT_ELAN)
    secret = store.directory / "root" / "1.key"
    secret.rename(secret.with_suffix(".away"))
    with pytest.raises(ConfigurationError, match="escrow"):
        store.make_root()
    secret.with_suffix(".away").rename(secret)
    store.path.unlink()
    with pytest.raises(ConfigurationError, match="put the key store back"):
        store.make_root()
    with pytest.raises(ConfigurationError, match="garant init"):
        store.root()


def test_a_making_that_was_interrupted_is_done_again(store: KeyStore) -> None:
    store.path.unlink()
    (store.directory / "making").touch()
    assert store.make_root() is True
    assert store.make_root() is False
    assert not (store.directory / "making").exists()


def test_what_everyone_may_read_is_refused_with_the_command_that_repairs(store: KeyStore) -> None:
    for path in (store.directory / "root" / "1.key", store.path):
        path.chmod(0o604)
        with pytest.raises(ConfigurationError, match="chmod o-rwx"):
            store.root()
        path.chmod(0o600)
    store.root()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"key":"AAAA","kcv":"00"}'])
def test_a_damaged_root_is_said_to_be_damaged(store: KeyStore, content: str) -> None:
    (store.directory / "root" / "1.key").write_text(content)
    with pytest.raises(ConfigurationError, match="damaged"):
        store.root()


def test_a_damaged_store_is_said_to_be_damaged(store: KeyStore) -> None:
    store.make_tenant_key(SAINT_ELAN)
    with store.writing() as inside:
        inside.execute("update kek set wrapped = zeroblob(60)")
    with pytest.raises(ConfigurationError, match="damaged"):
        store.tenant_key(SAINT_ELAN)
    store.path.write_bytes(b"not a store at all" * 1000)
    with pytest.raises(ConfigurationError, match="damaged"):
        store.tenant_key(SAINT_ELAN)


def test_a_store_of_the_former_form_is_taken_over_and_its_files_are_gone(tmp_path: Path) -> None:
    directory, root, key = tmp_path / "keys", os.urandom(32), os.urandom(32)
    (directory / "keks").mkdir(parents=True)
    encoded = base64.b64encode(root).decode()
    (directory / "root.key").write_text(json.dumps({"region": "here", "epoch": 1, "key": encoded, "kcv": check_value(root).hex()}))
    wrapped = base64.b64encode(wrap(root, os.urandom(12), f"garant/kek/here/1/{SAINT_ELAN}/1", key)).decode()
    held = {"version": 1, "root_kcv": check_value(root).hex(), "kcv": check_value(key).hex(), "wrapped": wrapped}
    (directory / "keks" / f"{SAINT_ELAN}.json").write_text(json.dumps(held))
    store = KeyStore(directory, group="no-such-group")
    assert store.make_root() is False
    assert store.tenant_key(SAINT_ELAN) == key
    assert (store.root().region, store.root().epoch) == ("here", 2)
    assert not (directory / "root.key").exists()
    assert not (directory / "keks").exists()


def test_a_store_of_the_former_form_without_its_root_stops(tmp_path: Path) -> None:
    (tmp_path / "keks").mkdir()
    (tmp_path / "keks" / f"{SAINT_ELAN}.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="escrow"):
        KeyStore(tmp_path, group="no-such-group").make_root()


class TestRotation:
    def test_a_new_epoch_opens_everything_and_the_former_one_is_gone(self, store: KeyStore, tmp_path: Path) -> None:
        keys = {tenant: store.make_tenant_key(tenant) for tenant in (SAINT_ELAN, TROIS_RAPIDES)}
        before = store.root()
        (tmp_path / "copy").mkdir()
        shutil.copy(store.path, tmp_path / "copy" / "store.sqlite")
        assert store.rotate_root() == 2
        assert store.root().key != before.key
        assert {tenant: store.tenant_key(tenant) for tenant in keys} == keys
        assert sorted(path.name for path in (store.directory / "root").iterdir()) == ["2.key"]
        copy = KeyStore(tmp_path / "copy", protector=store.protector)
        with pytest.raises(ConfigurationError, match="nothing opens this store again"):
            copy.tenant_key(SAINT_ELAN)

    def test_what_was_wrapped_under_the_former_epoch_is_overwritten_in_the_file(self, store: KeyStore) -> None:
        store.make_tenant_key(SAINT_ELAN)
        with sqlite3.connect(store.path) as inside:
            ((wrapped,),) = inside.execute("select wrapped from kek").fetchall()
        assert wrapped in store.path.read_bytes()
        store.rotate_root()
        assert wrapped not in store.path.read_bytes()

    def test_a_rotation_killed_before_the_former_epoch_was_destroyed_is_finished_at_the_next_start(self, store: KeyStore) -> None:
        key = store.make_tenant_key(SAINT_ELAN)
        destroy, store.protector.destroy = store.protector.destroy, lambda epoch: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            store.rotate_root()
        assert store.tenant_key(SAINT_ELAN) == key
        assert (store.directory / "root" / "1.key").exists()
        store.protector.destroy = destroy  # type: ignore[method-assign]
        assert store.make_root() is False
        assert not (store.directory / "root" / "1.key").exists()

    def test_killed_at_any_moment_nothing_becomes_unreadable(self, store: KeyStore) -> None:
        keys = {tenant: store.make_tenant_key(tenant) for tenant in (SAINT_ELAN, TROIS_RAPIDES, *(uuid.uuid4() for _ in range(200)))}
        code = textwrap.dedent(f"""
            from pathlib import Path
            from garant.vault.engines.keystore import KeyStore
            store = KeyStore(Path({str(store.directory)!r}), group="no-such-group")
            print("ready", flush=True)
            while True:
                store.rotate_root()
        """)
        for turn in range(15):
            child = subprocess.Popen(
                [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(SOURCES)}, stdout=subprocess.PIPE, text=True
            )
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.003 * turn + 0.001 * (turn % 3))
            child.send_signal(signal.SIGKILL)
            child.communicate()
            assert {tenant: store.tenant_key(tenant) for tenant in keys} == keys
        store.make_root()
        assert [path.name for path in (store.directory / "root").glob("*.key")].count(f"{store.root().epoch}.key") == 1
        assert store.root().epoch > 1


def test_a_link_in_place_of_a_private_file_is_never_followed(tmp_path: Path) -> None:
    """The directory belongs to the service user, the command may run as root: what a link names stays as it was."""
    other, link = tmp_path / "other", tmp_path / "1.key"
    other.write_bytes(b"somebody's")
    other.chmod(0o640)
    link.symlink_to(other)
    for act in (files.overwrite_and_delete, files.share):
        with pytest.raises(OSError, match="symbolic link"):
            act(link)
    files.write(link, b"ours")
    assert (link.read_bytes(), link.is_symlink()) == (b"ours", False)
    assert (other.read_bytes(), other.stat().st_mode & 0o777) == (b"somebody's", 0o640)
