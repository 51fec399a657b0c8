"""Sealed values on the real database, as the web role, with two organisations."""

import os
import shutil
import subprocess
import sys
import textwrap
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import ProgrammingError, transaction

from garant.audit.queries import entries
from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk import envelope
from garant.vault import service as vault
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, Ring
from garant.vault.service import KeySuspended, SealError, states
from support.database import COPY, Database
from support.link import Link

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
SECRET = b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SOURCES = Path(__file__).resolve().parents[3] / "src"


def seal(tenant: uuid.UUID, row: str = "7", column: str = "secret") -> bytes:
    return vault.seal(tenant=tenant, table="access_factor", column=column, row=row, plaintext=SECRET)


def unseal(tenant: uuid.UUID, envelope: bytes, row: str = "7", column: str = "secret", table: str = "access_factor") -> bytes:
    return vault.unseal(tenant=tenant, table=table, column=column, row=row, envelope=envelope)


@pytest.mark.django_db
class TestEnvelopes:
    def test_a_value_opens_where_it_was_sealed(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        for tenant in two_tenants:
            with tenant_transaction(tenant):
                envelope = seal(tenant)
                assert len(envelope) == len(SECRET) + 46
                assert SECRET not in envelope
                assert unseal(tenant, envelope) == SECRET

    def test_a_value_moved_to_another_row_column_or_table_does_not_open(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            envelope = seal(tenant)
            for moved in ({"row": "8"}, {"column": "seed"}, {"table": "identity_user"}):
                with pytest.raises(SealError):
                    unseal(tenant, envelope, **moved)

    def test_a_value_of_another_tenant_does_not_open_even_when_its_key_is_in_memory(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            envelope = seal(mine)
            assert unseal(mine, envelope) == SECRET
        with tenant_transaction(theirs):
            with pytest.raises(SealError):
                unseal(theirs, envelope)
            with pytest.raises(SealError):
                unseal(mine, envelope)

    def test_a_flipped_bit_is_noticed(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            envelope = seal(tenant)
            for position in (0, 1, 2, 17, 18, 29, 30, len(envelope) - 1):
                damaged = bytearray(envelope)
                damaged[position] ^= 0x10
                with pytest.raises(SealError):
                    unseal(tenant, bytes(damaged))

    def test_no_keys_no_sealing(self, store: KeyStore) -> None:
        stranger = uuid.uuid4()
        with tenant_transaction(stranger), pytest.raises(SealError, match="make_tenant_keys"):
            seal(stranger)


@pytest.mark.django_db
class TestKeys:
    def test_making_keys_twice_changes_nothing(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            envelope = seal(tenant)
            vault.make_tenant_keys(tenant=tenant, at=NOW, actor="system:test")
            assert DataKey.objects.count() == 1
            assert unseal(tenant, envelope) == SECRET
            assert [entry.kind for entry in entries(tenant=tenant)] == ["system:key:made"]

    def test_after_a_rotation_the_former_key_opens_and_the_new_one_seals(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            before = seal(tenant)
            vault.rotate(tenant=tenant, at=NOW, actor="system:test")
            after = seal(tenant)
            assert before[2:18] != after[2:18]
            assert unseal(tenant, before) == unseal(tenant, after) == SECRET
            assert sorted(DataKey.objects.values_list("version", "state")) == [(1, "decrypt_only"), (2, "active")]

    def test_a_tenant_sees_its_own_keys_and_the_operator_none(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        for tenant in two_tenants:
            with tenant_transaction(tenant):
                assert set(DataKey.objects.values_list("tenant_id", flat=True)) == {tenant}
        with tenant_transaction(uuid.uuid4(), scope="operator"):
            assert not DataKey.objects.exists()
            assert not Ring.objects.exists()

    def test_no_process_deletes_a_key(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        with tenant_transaction(two_tenants[0]):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                DataKey.objects.all().delete()
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                Ring.objects.all().delete()

    def test_suspended_keys_neither_seal_nor_open_until_resumed(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            envelope = seal(mine)
            assert unseal(mine, envelope) == SECRET
            assert states.suspend(tenant=mine, at=NOW, actor="staff:1", reason="litige") is True
            assert states.suspend(tenant=mine, at=NOW, actor="staff:1", reason="litige") is False
            for act in (lambda: unseal(mine, envelope), lambda: seal(mine), lambda: vault.rotate(tenant=mine, at=NOW, actor="staff:1")):
                with pytest.raises(KeySuspended):
                    act()
        with tenant_transaction(theirs):
            assert unseal(theirs, seal(theirs)) == SECRET
        with tenant_transaction(mine):
            assert states.resume(tenant=mine, at=NOW, actor="staff:1", reason="fin") is True
            assert unseal(mine, envelope) == SECRET
            kinds = [entry.kind for entry in entries(tenant=mine)]
            assert kinds == ["staff:key:resumed", "staff:key:suspended", "system:key:made"]

    def test_a_wrong_root_refuses_before_anything_is_decrypted(
        self, two_tenants: tuple[uuid.UUID, uuid.UUID], store: KeyStore, tmp_path: Path
    ) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            envelope = seal(tenant)
            states.suspend(tenant=tenant, at=NOW, actor="staff:1", reason="les clés en mémoire sont oubliées")
            states.resume(tenant=tenant, at=NOW, actor="staff:1", reason="suite")
            other = KeyStore(tmp_path / "other")
            other.make_root()
            shutil.copy(other.directory / "root" / "1.key", store.directory / "root" / "1.key")
            with pytest.raises(ConfigurationError, match="another root key"):
                unseal(tenant, envelope)

    def test_a_key_store_of_another_installation_is_refused(self, two_tenants: tuple[uuid.UUID, uuid.UUID], store: KeyStore) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            with store.writing() as inside:
                inside.execute("delete from kek where tenant = ?", [str(tenant)])
            with pytest.raises(SealError, match="check value"):
                vault.make_tenant_keys(tenant=tenant, at=NOW, actor="system:test")


@pytest.mark.django_db(transaction=True)
class TestOtherProcesses:
    def test_once_suspended_no_other_process_opens_what_it_opened_before(
        self, two_tenants: tuple[uuid.UUID, uuid.UUID], database: Database, tmp_path: Path
    ) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            envelope = seal(tenant)
        other = self._opener(database, tmp_path, tenant, envelope)
        try:
            assert self._try(other) == "opened"
            with tenant_transaction(tenant):
                states.suspend(tenant=tenant, at=NOW, actor="staff:1", reason="litige")
            assert self._try(other) == "KeySuspended"
            with tenant_transaction(tenant):
                states.resume(tenant=tenant, at=NOW, actor="staff:1", reason="fin")
            assert self._try(other) == "opened"
        finally:
            other.kill()
            other.communicate()

    def test_within_a_second_of_a_suspension_no_process_opens_and_none_while_the_database_cannot_be_asked(
        self, two_tenants: tuple[uuid.UUID, uuid.UUID], database: Database, tmp_path: Path
    ) -> None:
        """Two processes that have opened the value; the link to the database is cut for one of them by stopping what carries it."""
        mine, theirs = two_tenants
        held = {}
        for tenant in two_tenants:
            with tenant_transaction(tenant):
                held[tenant] = seal(tenant)
        with Link(("127.0.0.1", database.cluster.port)) as link:
            near = self._opener(database, tmp_path, mine, held[mine])
            far = self._opener(database, tmp_path, mine, held[mine], port=link.port)
            other = self._opener(database, tmp_path, theirs, held[theirs])
            try:
                assert [self._try(each) for each in (near, far, other)] == ["opened"] * 3
                with tenant_transaction(mine):
                    states.suspend(tenant=mine, at=NOW, actor="staff:1", reason="litige")
                began = time.monotonic()
                assert [self._try(each) for each in (near, far)] == ["KeySuspended"] * 2
                assert time.monotonic() - began < 1
                assert self._try(other) == "opened"
                with tenant_transaction(mine):
                    states.resume(tenant=mine, at=NOW, actor="staff:1", reason="fin")
                assert [self._try(each) for each in (near, far)] == ["opened"] * 2
                link.cut()
                assert self._try(far) not in ("opened", "")
                assert self._try(near) == "opened"
            finally:
                for each in (near, far, other):
                    each.kill()
                    each.communicate()

    def test_a_dump_of_the_database_holds_neither_the_secret_nor_a_key_that_opens_it(
        self, two_tenants: tuple[uuid.UUID, uuid.UUID], database: Database, store: KeyStore
    ) -> None:
        tenant = two_tenants[0]
        with tenant_transaction(tenant):
            row = DataKey.objects.get()
        place = ["-h", str(database.cluster.socket), "-p", str(database.cluster.port), "-U", "postgres"]
        dump = subprocess.run(
            [str(database.cluster.program / "pg_dump"), *place, COPY],
            env={"PGPASSWORD": database.runtime.secret("database-superuser"), "PATH": os.environ["PATH"]},
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        assert bytes(row.wrapped).hex().encode() in dump
        for secret in (SECRET, store.tenant_key(tenant), store.root().key):
            assert secret not in dump
            assert secret.hex().encode() not in dump

    @staticmethod
    def _opener(database: Database, data: Path, tenant: uuid.UUID, envelope: bytes, port: int = 0) -> "subprocess.Popen[str]":
        """A process that opens the envelope at each line it is given, as the worker would."""
        program = f"""
            import sys, uuid, django
            django.setup()
            from garant.identity.service import tenant_transaction
            from garant.vault import service as vault
            tenant, envelope = uuid.UUID("{tenant}"), bytes.fromhex("{envelope.hex()}")
            for _ in sys.stdin:
                try:
                    with tenant_transaction(tenant):
                        vault.unseal(tenant=tenant, table="access_factor", column="secret", row="7", envelope=envelope)
                    print("opened", flush=True)
                except Exception as error:
                    print(type(error).__name__, flush=True)
        """
        secrets = data / "secrets"
        secrets.mkdir(exist_ok=True)
        for name in ("database-worker", "django"):
            (secrets / name).write_text(database.runtime.secret(name))
        environment = {
            "GARANT_DATA": str(data),
            "GARANT_ROLE": "worker",
            "GARANT_DATABASE_URL": f"postgresql://127.0.0.1:{port or database.cluster.port}/{COPY}",
            "DJANGO_SETTINGS_MODULE": "garant.project.settings",
            "PYTHONPATH": str(SOURCES),
            "PATH": os.environ["PATH"],
        }
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @staticmethod
    def _try(process: "subprocess.Popen[str]") -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline().strip()


@pytest.mark.django_db
class TestLeases:
    def test_a_leased_key_opens_what_the_vault_sealed(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            sealed = seal(mine)
            leased = vault.lease(tenant=mine)
            assert (leased.tenant, leased.region, leased.state, leased.epoch) == (mine, "local", "active", 1)
            assert leased.kcv == envelope.check_value(leased.material)
            assert leased.material.hex() not in repr(leased)
            assert str(leased.material) not in repr(leased)
            place = envelope.Place(leased.region, mine, "access_factor", "secret", "7")
            assert envelope.unseal(AESGCM(leased.material), place, sealed) == SECRET
            assert vault.lease(tenant=mine, key_id=envelope.key_id_of(sealed)) == replace(leased, messages=0)
            assert vault.epoch(tenant=mine) == (1, "active")
        with tenant_transaction(theirs):
            for stranger in ({"tenant": theirs, "key_id": leased.key_id}, {"tenant": mine}):
                with pytest.raises(vault.UnknownKey):
                    vault.lease(**stranger)
            with pytest.raises(vault.UnknownKey):
                vault.epoch(tenant=mine)

    def test_each_class_has_a_key_of_its_own_made_on_demand(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        mine = two_tenants[0]
        subject = f"subject:{uuid.uuid4()}"
        with tenant_transaction(mine):
            with pytest.raises(vault.UnknownKey, match="make_data_key"):
                vault.lease(tenant=mine, data_class=subject)
            assert vault.make_data_key(tenant=mine, data_class=subject, at=NOW, actor="system:test") is True
            assert vault.make_data_key(tenant=mine, data_class=subject, at=NOW, actor="system:test") is False
            assert vault.lease(tenant=mine, data_class=subject).material != vault.lease(tenant=mine).material
            for bad in ("", "Subject", "subject:", "a b", "x" * 61):
                with pytest.raises(InputError, match="class of keys"):
                    vault.make_data_key(tenant=mine, data_class=bad, at=NOW, actor="system:test")

    def test_nothing_is_leased_while_suspended(self, two_tenants: tuple[uuid.UUID, uuid.UUID]) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            states.suspend(tenant=mine, at=NOW, actor="staff:1", reason="litige")
            assert vault.epoch(tenant=mine) == (2, "suspended")
            with pytest.raises(KeySuspended):
                vault.lease(tenant=mine)
        with tenant_transaction(theirs):
            assert vault.lease(tenant=theirs).epoch == 1

    def test_a_key_of_the_store_found_in_a_stream_is_named(self, two_tenants: tuple[uuid.UUID, uuid.UUID], store: KeyStore) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            wrapped = bytes(DataKey.objects.get().wrapped)
        held = b"\\x" + store.tenant_key(theirs).hex().encode() + b"\t" + wrapped
        assert vault.stray_keys([held]) == (vault.Stray(f"tenant key {theirs}/1", "hexadecimal", 2),)
        assert vault.stray_keys([wrapped]) == ()
