"""The key store: made once, read by few, and refusing whatever is not its own."""

import json
import os
import shutil
import stat
import uuid
from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError
from garant.vault.engines.keystore import KeyStore

SAINT_ELAN = uuid.UUID("00000000-0000-4000-8000-0000000000a1")
TROIS_RAPIDES = uuid.UUID("00000000-0000-4000-8000-0000000000b2")


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    made = KeyStore(tmp_path / "keys", group="no-such-group")
    assert made.make_root() is True
    return made


def test_the_root_is_made_once_and_kept_from_strangers(store: KeyStore) -> None:
    root = store.root()
    assert len(root.key) == 32
    assert store.make_root() is False
    assert store.root() == root
    assert stat.S_IMODE((store.directory / "root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to a group")
def test_started_by_root_the_store_is_read_by_the_group_of_the_processes(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys", group="daemon")
    store.make_root()
    store.make_tenant_key(SAINT_ELAN)
    for path in (store.directory / "root.key", store.directory / "keks" / f"{SAINT_ELAN}.json"):
        assert path.group() == "daemon"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_tenant_key_is_made_once_and_differs_between_tenants(store: KeyStore) -> None:
    key = store.make_tenant_key(SAINT_ELAN)
    assert store.make_tenant_key(SAINT_ELAN) == key == store.tenant_key(SAINT_ELAN)
    assert store.make_tenant_key(TROIS_RAPIDES) != key


def test_no_key_lies_in_clear_beside_the_root(store: KeyStore) -> None:
    key = store.make_tenant_key(SAINT_ELAN)
    raw = (store.directory / "keks" / f"{SAINT_ELAN}.json").read_bytes()
    assert key not in raw
    assert key.hex().encode() not in raw


def test_a_file_of_another_tenant_is_refused(store: KeyStore) -> None:
    store.make_tenant_key(SAINT_ELAN)
    keks = store.directory / "keks"
    shutil.copy(keks / f"{SAINT_ELAN}.json", keks / f"{TROIS_RAPIDES}.json")
    with pytest.raises(ConfigurationError, match="damaged"):
        store.tenant_key(TROIS_RAPIDES)


def test_a_root_that_is_not_the_one_is_named_before_anything_is_decrypted(store: KeyStore, tmp_path: Path) -> None:
    store.make_tenant_key(SAINT_ELAN)
    other = KeyStore(tmp_path / "other", group="no-such-group")
    other.make_root()
    shutil.copy(other.directory / "root.key", store.directory / "root.key")
    with pytest.raises(ConfigurationError, match="another root key"):
        store.tenant_key(SAINT_ELAN)


def test_a_lost_root_is_never_replaced_by_a_new_one(store: KeyStore) -> None:
    store.make_tenant_key(SAINT_ELAN)
    (store.directory / "root.key").unlink()
    with pytest.raises(ConfigurationError, match="escrow"):
        store.make_root()
    with pytest.raises(ConfigurationError, match="garant init"):
        store.root()


def test_a_root_readable_by_everyone_is_refused_with_the_command_that_repairs(store: KeyStore) -> None:
    (store.directory / "root.key").chmod(0o604)
    with pytest.raises(ConfigurationError, match="chmod o-rwx"):
        store.root()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"region":"local","epoch":1,"key":"AAAA","kcv":"00"}'])
def test_a_damaged_root_is_said_to_be_damaged(store: KeyStore, content: str) -> None:
    (store.directory / "root.key").write_text(content)
    with pytest.raises(ConfigurationError, match="damaged"):
        store.root()


def test_a_changed_byte_in_a_tenant_key_is_noticed(store: KeyStore) -> None:
    store.make_tenant_key(SAINT_ELAN)
    path = store.directory / "keks" / f"{SAINT_ELAN}.json"
    content = json.loads(path.read_text())
    content["wrapped"] = ("B" if content["wrapped"][0] == "A" else "A") + content["wrapped"][1:]
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match="damaged"):
        store.tenant_key(SAINT_ELAN)
    path.unlink()
    with pytest.raises(ConfigurationError, match="does not exist"):
        store.tenant_key(SAINT_ELAN)
