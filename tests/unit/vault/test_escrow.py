"""Keys sealed off to people: two of three bring them back, one does not, and an older copy of the store opens nothing."""

import shutil
import uuid
from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError, InputError
from garant.vault.engines import escrow, sealing_off
from garant.vault.engines.escrow import Escrow
from garant.vault.engines.keystore import KeyStore
from garant.vault.policy.states import Whereabouts

MINE, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    made = KeyStore(tmp_path / "keys", group="no-such-group")
    made.make_root()
    made.make_tenant_key(MINE)
    made.make_tenant_key(THEIRS)
    made.add_version(MINE, 2)
    return made


@pytest.fixture
def people() -> list[tuple[str, str]]:
    return [escrow.make_identity() for _ in range(3)]


def shares(people: list[tuple[str, str]], store: KeyStore, *who: int, tenant: uuid.UUID = MINE) -> list[str]:
    held = sealing_off.sealed_off(store, tenant)
    assert held is not None
    return [escrow.open_share(people[each][0], held.shares, tenant) for each in who]


def test_two_of_three_people_bring_every_version_back(store: KeyStore, people: list[tuple[str, str]]) -> None:
    before = [store.tenant_key(MINE, version) for version in (1, 2)]
    found = sealing_off.seal_off(store, MINE, Escrow(tuple(each[1] for each in people)))
    assert found is not None
    assert (found.form, found.threshold, len(found.shares)) == ("escrow", 2, 3)
    assert sealing_off.whereabouts(store, MINE) is Whereabouts.SEALED_OFF
    assert store.rotate_if_owed() is True
    assert store.rotate_if_owed() is False
    with pytest.raises(ConfigurationError, match="does not hold"):
        store.tenant_key(MINE)
    with pytest.raises(ConfigurationError, match="sealed off"):
        store.make_tenant_key(MINE)
    for pair in ((0, 1), (1, 2), (2, 0)):
        sealing_off.bring_back(store, MINE, shares(people, store, *pair))
        assert [store.tenant_key(MINE, version) for version in (1, 2)] == before
        sealing_off.seal_off(store, MINE, Escrow(tuple(each[1] for each in people)))


def test_one_person_a_stranger_or_shares_of_another_do_not(store: KeyStore, people: list[tuple[str, str]]) -> None:
    for tenant in (MINE, THEIRS):
        sealing_off.seal_off(store, tenant, Escrow(tuple(each[1] for each in people)))
    (one,) = shares(people, store, 0)
    for some in ([], [one], [one, one]):
        with pytest.raises(InputError, match="2 are needed"):
            sealing_off.bring_back(store, MINE, some)
    with pytest.raises(InputError, match="not those of this organisation"):
        sealing_off.bring_back(store, MINE, shares(people, store, 0, 1, tenant=THEIRS))
    with pytest.raises(InputError, match="no share was sealed"):
        escrow.open_share(escrow.make_identity()[0], sealing_off.sealed_off(store, MINE).shares, MINE)  # type: ignore[union-attr]
    with pytest.raises(InputError, match="another organisation"):
        escrow.open_share(people[0][0], sealing_off.sealed_off(store, THEIRS).shares, MINE)  # type: ignore[union-attr]
    with pytest.raises(InputError, match="garant key share"):
        escrow.joined(["nonsense", one])
    assert sealing_off.whereabouts(store, MINE) is Whereabouts.SEALED_OFF


def test_without_people_the_keys_are_set_aside_and_follow_the_root(store: KeyStore) -> None:
    before = store.tenant_key(MINE)
    found = sealing_off.seal_off(store, MINE, Escrow())
    assert found is not None
    assert found.form == "aside"
    assert store.rotate_if_owed() is False
    store.rotate_root()
    sealing_off.bring_back(store, MINE)
    assert store.tenant_key(MINE) == before


def test_once_destroyed_neither_the_store_nor_a_copy_of_it_opens_anything(
    store: KeyStore, people: list[tuple[str, str]], tmp_path: Path
) -> None:
    theirs = store.tenant_key(THEIRS)
    shutil.copytree(store.directory, tmp_path / "copy")
    sealing_off.seal_off(store, MINE, Escrow(tuple(each[1] for each in people)))
    held = shares(people, store, 0, 1)
    sealing_off.destroy(store, MINE, "2026-01-01")
    sealing_off.destroy(store, MINE, "2026-01-01")
    assert store.rotate_if_owed() is True
    with pytest.raises(ConfigurationError, match="nothing brings them back"):
        sealing_off.bring_back(store, MINE, held)
    with pytest.raises(ConfigurationError, match="never made again"):
        store.make_tenant_key(MINE)
    assert store.tenant_key(THEIRS) == theirs
    copy = KeyStore(tmp_path / "copy", protector=store.protector)
    for tenant in (MINE, THEIRS):
        with pytest.raises(ConfigurationError, match="nothing opens this store again"):
            copy.tenant_key(tenant)


def test_bad_people_are_refused_before_anything_is_done(store: KeyStore, people: list[tuple[str, str]]) -> None:
    good = tuple(each[1] for each in people)
    for bad in (Escrow(good, 1), Escrow(good, 4), Escrow((good[0], good[0])), Escrow(("garant-share:AAAA", good[0]))):
        with pytest.raises(InputError):
            sealing_off.seal_off(store, MINE, bad)
    assert sealing_off.whereabouts(store, MINE) is Whereabouts.STORE
    with pytest.raises(InputError, match="identity"):
        escrow.open_share(good[0], (), MINE)
