"""Backups of the key store, and restored copies of everything: what was destroyed stays unreadable, and without a log nothing opens."""

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.db import connection

from garant.audit import queries as audited
from garant.audit.queries import entries
from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError, InputError, Refused
from garant.project.configuration import Vault
from garant.vault import service as vault
from garant.vault.engines import backups, escrow, sealing_off
from garant.vault.engines.backups import read_header
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, Ring
from garant.vault.policy.states import Whereabouts
from garant.vault.service import BroughtBack, KeySuspended, destruction, states
from garant.vault.service.upkeep import upkeep
from support.keys import NOW, forget_keys

DAY = timedelta(days=1)
Two = tuple[uuid.UUID, uuid.UUID]
PLACE = {"table": "person", "column": "sin", "row": "7"}
pytestmark = pytest.mark.django_db


def seal(tenant: uuid.UUID) -> bytes:
    with tenant_transaction(tenant):
        return vault.seal(tenant=tenant, plaintext=b"046 454 286", **PLACE)


def unseal(tenant: uuid.UUID, sealed: bytes) -> bytes:
    forget_keys()
    with tenant_transaction(tenant):
        return vault.unseal(tenant=tenant, envelope=sealed, **PLACE)


def save(at: Any = NOW) -> Path:
    with tenant_transaction(None, scope="operator"):
        return vault.save_key_store(directory=live.DATA / "saved", at=at, actor="system:test")


def restore(file: Path, at: Any = NOW, **more: Any) -> Mapping[str, Any]:
    with tenant_transaction(None, scope="operator"):
        return vault.restore_key_store(file=file, at=at, actor="system:test", **more)


def destroy(tenant: uuid.UUID) -> None:
    """Both halves, as an order and the job do them."""
    with tenant_transaction(tenant):
        states.turn(tenant, states.Verb.DESTROY, at=NOW, actor="staff:anne", reason="fin de contrat")
    with tenant_transaction(tenant):
        destruction.take_away(tenant=tenant, at=NOW, actor="staff:anne", order="")
    assert upkeep(at=NOW + 180 * DAY)["ended"] == 1


def rows(tenant: uuid.UUID) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """What a dump of the database holds of a tenant's keys."""
    with tenant_transaction(tenant):
        return Ring.objects.values().get(), list(DataKey.objects.values())


def put_back(tenant: uuid.UUID, dump: tuple[Mapping[str, Any], list[Mapping[str, Any]]]) -> None:
    """A restored database says what it said then. Rings are written anew: no statement of a process takes one back."""
    ring, keys = dump
    kept = {each: rows(each)[0] for each in vault.watch.store().tenants() if each != tenant} | {tenant: ring}
    with connection.cursor() as cursor:
        cursor.execute("truncate vault_ring")
    for each, values in kept.items():
        with tenant_transaction(each):
            Ring.objects.create(**values)
    with tenant_transaction(tenant):
        for key in keys:
            DataKey.objects.filter(pk=key["id"]).update(**{name: value for name, value in key.items() if name != "id"})


class TestBackup:
    def test_it_holds_no_key_in_clear_and_brings_a_lost_store_back(self, two_tenants: Two, store: KeyStore) -> None:
        sealed = {tenant: seal(tenant) for tenant in two_tenants}
        path = save()
        raw = path.read_bytes()
        for secret in vault.watch.store().materials().values():
            assert secret not in raw
            assert secret.hex().encode() not in raw
        assert (path.stat().st_mode & 0o007, read_header(path).epoch) == (0, 1)
        with pytest.raises(ConfigurationError, match="move it away first"):
            restore(path)
        store.path.unlink()
        for tenant, each in sealed.items():
            with pytest.raises(ConfigurationError, match="does not exist"):
                unseal(tenant, each)
        assert restore(path)["replayed"] == []
        for tenant, each in sealed.items():
            assert unseal(tenant, each) == b"046 454 286"
        assert [path.name for path in (live.DATA / "keys").iterdir() if "restoring" in path.name] == []

    def test_only_fourteen_days_of_this_epoch_are_kept(self, two_tenants: Two, store: KeyStore) -> None:
        first = save()
        second = save(NOW + 13 * DAY)
        assert first.exists()
        third = save(NOW + 14 * DAY)
        assert [path.exists() for path in (first, second, third)] == [False, True, True]
        store.path.unlink()
        with pytest.raises(Refused, match="after 14 days"):
            restore(second, NOW + 27 * DAY)
        restore(second, NOW + 26 * DAY)
        store.rotate_root()
        save(NOW + 15 * DAY)
        assert not third.exists()

    def test_a_backup_of_before_a_destruction_never_opens_again(self, two_tenants: Two, store: KeyStore, tmp_path: Path) -> None:
        mine, theirs = two_tenants
        other = seal(theirs)
        kept = Path(shutil.copy(save(), tmp_path / "kept.backup"))
        destroy(mine)
        store.path.rename(tmp_path / "away.sqlite")
        with pytest.raises(ConfigurationError, match="never opens again"):
            restore(kept, NOW + DAY)
        (tmp_path / "away.sqlite").rename(store.path)
        assert unseal(theirs, other)

    def test_what_is_no_backup_or_damaged_gets_an_answer(self, two_tenants: Two, store: KeyStore, tmp_path: Path) -> None:
        path = save()
        store.path.unlink()
        for content in (b"", b"{}\n", b"\xff\xfe", path.read_bytes()[:50]):
            (tmp_path / "bad").write_bytes(content)
            with pytest.raises(InputError, match="not a backup"):
                restore(tmp_path / "bad")
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        (tmp_path / "bad").write_bytes(raw)
        with pytest.raises(InputError, match="damaged"):
            restore(tmp_path / "bad")
        with pytest.raises(InputError, match="cannot be read"):
            restore(tmp_path / "absent")
        other = KeyStore(tmp_path / "other")
        other.make_root()
        shutil.copy(other.directory / "root" / "1.key", store.directory / "root" / "1.key")
        with pytest.raises(ConfigurationError, match="another root key"):
            restore(path)

    def test_the_worker_makes_one_a_day_and_one_for_each_epoch(self, two_tenants: Two, store: KeyStore, settings: Any) -> None:
        place = live.DATA / "daily"
        settings.GARANT = replace(settings.GARANT, vault=Vault(backups=str(place)))
        for hours in (0, 1, 2):
            upkeep(at=NOW + timedelta(hours=hours))
        assert len(list(place.iterdir())) == 1
        upkeep(at=NOW + DAY)
        assert len(list(place.iterdir())) == 2
        store.rotate_root()
        upkeep(at=NOW + DAY)
        (only,) = place.iterdir()
        assert read_header(only).epoch == 2

    def test_a_place_that_cannot_be_written_is_said_and_holds_nothing_else_up(self, two_tenants: Two, settings: Any) -> None:
        (live.DATA / "file").write_text("")
        settings.GARANT = replace(settings.GARANT, vault=Vault(backups=str(live.DATA / "file" / "saved")))
        assert upkeep(at=NOW) == {"ended": 0, "finished": 0, "rotated": 0, "failed": 1}
        with pytest.raises(ConfigurationError, match="install -d"), tenant_transaction(None, scope="operator"):
            vault.save_key_store(directory=live.DATA / "file" / "saved", at=NOW, actor="system:test")


class TestRestoredCopies:
    def test_a_database_of_before_a_destruction_opens_nothing(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        sealed, other, dump = seal(mine), seal(theirs), rows(mine)
        destroy(mine)
        put_back(mine, dump)
        with pytest.raises(BroughtBack, match="destroyed"):
            unseal(mine, sealed)
        with tenant_transaction(mine):
            assert vault.replay(tenant=mine, at=NOW, actor="staff:anne") is True
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        assert unseal(theirs, other)

    def test_database_and_key_store_with_its_root_of_before_a_destruction_open_nothing(self, two_tenants: Two, store: KeyStore) -> None:
        """Somebody copied everything, the file root included, and puts it back: only the log, kept apart, knows better."""
        mine, theirs = two_tenants
        sealed, other, dump = seal(mine), seal(theirs), rows(mine)
        shutil.copytree(store.directory, live.DATA / "copied")
        destroy(mine)
        shutil.rmtree(store.directory)
        shutil.copytree(live.DATA / "copied", store.directory)
        put_back(mine, dump)
        assert store.tenant_key(mine)
        with pytest.raises(BroughtBack, match="destroyed"):
            unseal(mine, sealed)
        assert unseal(theirs, other) == b"046 454 286"
        # The job destroys again what came back, and the copy that was put back is dead too.
        upkeep(at=NOW + 181 * DAY)
        assert sealing_off.whereabouts(store, mine) is Whereabouts.NOWHERE
        copy = KeyStore(live.DATA / "copied", protector=store.protector)
        with pytest.raises(ConfigurationError, match="nothing opens this store again"):
            copy.tenant_key(mine)
        assert unseal(theirs, other) == b"046 454 286"

    def test_a_database_of_before_a_suspension_does_not_end_it(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        sealed, dump = seal(mine), rows(mine)
        with tenant_transaction(mine):
            states.suspend(tenant=mine, at=NOW, actor="staff:anne", reason="litige")
        put_back(mine, dump)
        with pytest.raises(BroughtBack, match="suspended"):
            unseal(mine, sealed)
        with tenant_transaction(mine):
            assert vault.replay(tenant=mine, at=NOW, actor="staff:anne") is True
            assert vault.epoch(tenant=mine)[1] == "suspended"
            states.resume(tenant=mine, at=NOW, actor="staff:anne", reason="fin")
        assert unseal(mine, sealed)


class TestLog:
    def test_without_a_log_nothing_is_restored(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        for verb in (states.suspend, states.resume):
            with tenant_transaction(mine):
                verb(tenant=mine, at=NOW, actor="staff:anne", reason="litige")
        path, log = save(), live.DATA / "key-log" / "keys.log"
        held = log.read_bytes()
        store.path.unlink()
        log.unlink()
        with pytest.raises(Refused, match="nothing is restored without a log"):
            restore(path)
        log.write_bytes(held.splitlines(keepends=True)[0])
        with pytest.raises(Refused, match="has 1 events, and this backup saw 2"):
            restore(path)
        assert not store.path.exists()
        log.write_bytes(held)
        assert restore(path)["log"] == 2
        assert unseal(mine, sealed)

    def test_the_outbox_of_the_database_can_stand_for_a_lost_log(self, two_tenants: Two, store: KeyStore) -> None:
        mine, theirs = two_tenants
        sealed, other = seal(mine), seal(theirs)
        path = save()
        with tenant_transaction(mine):
            states.suspend(tenant=mine, at=NOW, actor="staff:anne", reason="litige")
        shutil.rmtree(live.DATA / "key-log")
        store.path.unlink()
        restore(path, from_database=True)
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        with tenant_transaction(mine):
            states.resume(tenant=mine, at=NOW, actor="staff:anne", reason="fin")
        assert unseal(mine, sealed)
        assert unseal(theirs, other)

    def test_an_outbox_older_than_the_backup_cannot(self, two_tenants: Two, store: KeyStore) -> None:
        with tenant_transaction(None, scope="operator"):
            path = backups.save(store, live.DATA / "saved", at=NOW, outbox=audited.head() + 1)
        store.path.unlink()
        with pytest.raises(Refused, match="the database is older than the backup"):
            restore(path, from_database=True)

    def test_a_log_that_never_held_anything_is_missed_too(self, two_tenants: Two) -> None:
        sealed = [(tenant, seal(tenant)) for tenant in two_tenants]
        (live.DATA / "key-log" / "keys.log").unlink()
        for tenant, each in sealed:
            with pytest.raises(ConfigurationError, match="missing or shorter"):
                unseal(tenant, each)


class TestPending:
    def test_keys_pending_destruction_are_sealed_off_again_in_a_restored_store(
        self, two_tenants: Two, store: KeyStore, settings: Any
    ) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        path = save()
        with tenant_transaction(mine):
            states.turn(mine, states.Verb.DESTROY, at=NOW, actor="staff:anne", reason="fin de contrat")
        with tenant_transaction(mine):
            destruction.take_away(tenant=mine, at=NOW, actor="staff:anne", order="")
        store.path.unlink()
        people = [escrow.make_identity() for _ in range(2)]
        settings.GARANT = replace(settings.GARANT, vault=Vault(tuple(public for _, public in people)))
        done = restore(path)
        assert done["replayed"] == [{"tenant": str(mine), "did": "sealed off again"}]
        held = sealing_off.sealed_off(store, mine)
        assert held is not None
        shares = [escrow.open_share(secret, held.shares, mine) for secret, _ in people]
        with tenant_transaction(mine):
            destruction.cancel(tenant=mine, at=NOW + DAY, actor="staff:anne", reason="erreur", order="", shares=shares)
        assert unseal(mine, sealed)
        with tenant_transaction(None, scope="operator"):
            kinds = [entry.kind for entry in entries(tenant=None)]
        assert kinds[0] == "staff:key_store:restored"
