"""Rotation at every level on the real database: nothing becomes unreadable, nothing waits, and what is counted is counted."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from pathlib import Path

import pytest
from django.db import connection, transaction

from garant.audit.queries import entries
from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError
from garant.sdk import envelope
from garant.vault import service as vault
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, Ring
from garant.vault.policy.counting import BLOCK, SPENT, WORN
from garant.vault.service import KeySuspended, SealError, counting
from garant.vault.service.upkeep import upkeep
from support.database import Database
from support.keys import NOW, forget_keys

Two = tuple[uuid.UUID, uuid.UUID]
PLACE = {"table": "person", "column": "sin", "row": "7"}


def seal(tenant: uuid.UUID) -> bytes:
    with tenant_transaction(tenant):
        return vault.seal(tenant=tenant, plaintext=b"046 454 286", **PLACE)


def unseal(tenant: uuid.UUID, sealed: bytes) -> bytes:
    with tenant_transaction(tenant):
        return vault.unseal(tenant=tenant, envelope=sealed, **PLACE)


def rotate_tenant_key(tenant: uuid.UUID, *, forget: bool = False) -> int:
    with tenant_transaction(tenant):
        version = vault.rotate_tenant_key(tenant=tenant, at=NOW, actor="system:test", forget=forget)
    with tenant_transaction(tenant):
        assert vault.finish_forgetting(tenant=tenant) is forget
    return version


@pytest.mark.django_db
class TestTenantKey:
    def test_its_data_keys_are_wrapped_anew_and_open_what_they_sealed(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        before = seal(mine)
        with tenant_transaction(mine):
            vault.rotate(tenant=mine, at=NOW, actor="system:test")
        after, other = seal(mine), seal(theirs)
        assert rotate_tenant_key(mine) == 2
        forget_keys()
        assert unseal(mine, before) == unseal(mine, after) == unseal(theirs, other)
        with tenant_transaction(mine):
            assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}
            vault.make_tenant_keys(tenant=mine, at=NOW, actor="system:test")
            vault.make_data_key(tenant=mine, data_class="index", at=NOW, actor="system:test")
        with tenant_transaction(theirs):
            assert Ring.objects.get().kek_version == 1

    def test_the_former_key_opens_a_restored_row_until_it_is_forgotten(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        with tenant_transaction(mine):
            old = DataKey.objects.values("wrapped", "kek_version").get()
        rotate_tenant_key(mine)
        with tenant_transaction(mine):
            DataKey.objects.update(**old)
        forget_keys()
        assert unseal(mine, sealed)
        rotate_tenant_key(mine)
        epoch = store.root().epoch
        assert rotate_tenant_key(mine, forget=True) == 4
        assert store.root().epoch == epoch + 1
        assert unseal(mine, sealed)
        with tenant_transaction(mine):
            DataKey.objects.update(**old)
        forget_keys()
        with pytest.raises(ConfigurationError, match="does not hold"):
            unseal(mine, sealed)

    def test_a_rotation_that_was_rolled_back_is_taken_up_again(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        with tenant_transaction(mine), transaction.atomic():
            vault.rotate_tenant_key(tenant=mine, at=NOW, actor="system:test", forget=True)
            transaction.set_rollback(True)
        kek = store.tenant_key(mine, 2)
        forget_keys()
        assert upkeep(at=NOW)["failed"] == 0
        assert unseal(mine, sealed)
        assert rotate_tenant_key(mine, forget=True) == 2
        assert store.tenant_key(mine) == kek
        assert unseal(mine, sealed)

    def test_suspended_keys_are_not_rotated(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        with tenant_transaction(mine):
            vault.states.suspend(tenant=mine, at=NOW, actor="staff:1", reason="litige")
            for act in (vault.rotate, vault.rotate_tenant_key):
                with pytest.raises(KeySuspended):
                    act(tenant=mine, at=NOW, actor="system:test")


@pytest.mark.django_db
class TestCount:
    def test_messages_are_reserved_in_blocks_and_not_one_by_one(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            key = DataKey.objects.get()
            for _ in range(50):
                vault.seal(tenant=mine, plaintext=b"x", **PLACE)
            key.refresh_from_db()
            assert key.reserved == BLOCK
            leased = vault.lease(tenant=mine, messages=3 * BLOCK)
            assert leased.messages == 3 * BLOCK
            key.refresh_from_db()
            assert key.reserved == 4 * BLOCK
            assert vault.lease(tenant=mine, key_id=key.pk).messages == 0
            key.refresh_from_db()
            assert key.reserved == 4 * BLOCK
        with tenant_transaction(theirs):
            assert DataKey.objects.get().reserved == 0

    def test_a_worn_key_is_rotated_by_the_job_and_a_spent_one_refuses(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        sealed = seal(mine)
        with tenant_transaction(mine):
            DataKey.objects.update(reserved=WORN)
        assert upkeep(at=NOW)["rotated"] == 1
        assert upkeep(at=NOW)["rotated"] == 0
        after = seal(mine)
        assert envelope.key_id_of(after) != envelope.key_id_of(sealed)
        assert unseal(mine, sealed) == unseal(mine, after)
        with tenant_transaction(theirs):
            DataKey.objects.update(reserved=SPENT)
        counting._left.clear()
        for _ in range(3):
            with pytest.raises(SealError, match="as much as it safely can"):
                seal(theirs)


@pytest.mark.django_db(transaction=True)
class TestWithoutInterruption:
    def test_threads_seal_and_open_while_every_level_is_rotated(self, two_tenants: Two, store: KeyStore) -> None:
        wrong: list[str] = []
        done, stop = dict.fromkeys(two_tenants, 0), threading.Event()

        def work(tenant: uuid.UUID) -> None:
            try:
                first = seal(tenant)
                while not stop.is_set():
                    if done[tenant] % 5 == 0:
                        forget_keys()
                    if unseal(tenant, seal(tenant)) != unseal(tenant, first):
                        wrong.append("another value")
                    done[tenant] += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, it interrupts
                wrong.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=(tenant,)) for tenant in two_tenants]
        for thread in threads:
            thread.start()
        for turn in range(12):
            for tenant in two_tenants:
                with tenant_transaction(tenant):
                    vault.rotate(tenant=tenant, at=NOW, actor="system:test")
                rotate_tenant_key(tenant, forget=turn % 4 == 3)
            with tenant_transaction(None, scope="operator"):
                vault.rotate_root(at=NOW, actor="system:test")
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert min(done.values()) > 10
        assert store.root().epoch > 12

    def test_killed_at_any_moment_of_a_tenants_rotation_nothing_becomes_unreadable(
        self, two_tenants: Two, database: Database, tmp_path: Path
    ) -> None:
        mine = two_tenants[0]
        sealed = [seal(mine)]
        for turn in range(8):
            child = rotating(database, tmp_path, mine)
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.004 * turn)
            child.send_signal(signal.SIGKILL)
            child.communicate()
            forget_keys()
            for each in sealed:
                assert unseal(mine, each) == b"046 454 286"
            sealed.append(seal(mine))
        assert upkeep(at=NOW)["failed"] == 0
        for each in sealed:
            assert unseal(mine, each) == b"046 454 286"
        with tenant_transaction(mine):
            assert [entry.kind for entry in entries(tenant=mine)].count("system:key:rewrapped") == Ring.objects.get().kek_version - 1


def rotating(database: Database, data: Path, tenant: uuid.UUID) -> "subprocess.Popen[str]":
    """A process that rotates this tenant's keys until it is killed, as the command would."""
    program = f"""
        import uuid, django
        django.setup()
        from garant.identity.service import tenant_transaction
        from garant.kernel.clock import SystemClock
        from garant.vault import service as vault
        tenant, clock = uuid.UUID("{tenant}"), SystemClock()
        with tenant_transaction(tenant):
            vault.epoch(tenant=tenant)
        print("ready", flush=True)
        while True:
            with tenant_transaction(tenant):
                vault.rotate_tenant_key(tenant=tenant, at=clock.now(), actor="system:test", forget=True)
            with tenant_transaction(tenant):
                vault.finish_forgetting(tenant=tenant)
    """
    (data / "secrets").mkdir(exist_ok=True)
    for name in ("database-worker", "django"):
        (data / "secrets" / name).write_text(database.runtime.secret(name))
    environment = {
        "GARANT_DATA": str(data),
        "GARANT_ROLE": "worker",
        "GARANT_DATABASE_URL": f"postgresql://127.0.0.1:{database.cluster.port}/test_garant",
        "DJANGO_SETTINGS_MODULE": "garant.project.settings",
        "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src"),
        "PATH": os.environ["PATH"],
    }
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], env=environment, stdout=subprocess.PIPE, text=True)
