"""Orders on keys, on the real database under row security: two people, a dry run, the log before the act."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.db import IntegrityError, ProgrammingError, transaction

from garant.audit.queries import entries
from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError, InputError, Refused
from garant.project.configuration import Vault
from garant.vault import queries
from garant.vault import service as vault
from garant.vault.engines import escrow, sealing_off
from garant.vault.engines.keylog import KeyLog
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, KeyOrder, Ring
from garant.vault.policy.states import Whereabouts
from garant.vault.service import BroughtBack, KeySuspended, UnknownKey
from garant.vault.service.destruction import begin_end
from garant.vault.service.upkeep import upkeep
from support.keys import NOW, forget_keys

DAY = timedelta(days=1)
ANNE, BEN = "staff:anne", "staff:ben"
Two = tuple[uuid.UUID, uuid.UUID]
PLACE = {"table": "person", "column": "sin", "row": "7"}


@pytest.fixture
def people(settings: Any) -> list[str]:
    """Three people hold shares, two of whom suffice; their identities."""
    made = [escrow.make_identity() for _ in range(3)]
    settings.GARANT = replace(settings.GARANT, vault=Vault(tuple(recipient for _, recipient in made)))
    return [secret for secret, _ in made]


def seal(tenant: uuid.UUID) -> bytes:
    with tenant_transaction(tenant):
        return vault.seal(tenant=tenant, plaintext=b"046 454 286", **PLACE)


def unseal(tenant: uuid.UUID, envelope: bytes) -> bytes:
    with tenant_transaction(tenant):
        return vault.unseal(tenant=tenant, envelope=envelope, **PLACE)


def place(tenant: uuid.UUID, verb: str, at: Any = NOW, **more: Any) -> uuid.UUID:
    with tenant_transaction(tenant):
        order = vault.place(tenant=tenant, verb=verb, reason="fin de contrat", at=at, actor=ANNE, **more)
        vault.approve(tenant=tenant, order=order.pk, at=at, actor=BEN)
        return order.pk


def execute(tenant: uuid.UUID, order: uuid.UUID, at: Any = NOW, shares: Sequence[str] = ()) -> KeyOrder:
    with tenant_transaction(tenant):
        vault.begin(tenant=tenant, order=order, at=at, actor=ANNE)
    with tenant_transaction(tenant):
        return vault.carry_out(tenant=tenant, order=order, at=at, actor=ANNE, shares=tuple(shares))


def do(tenant: uuid.UUID, verb: str, at: Any = NOW, shares: Sequence[str] = (), **more: Any) -> KeyOrder:
    return execute(tenant, place(tenant, verb, at, **more), at, shares)


def shares(store: KeyStore, tenant: uuid.UUID, identities: Sequence[str]) -> list[str]:
    held = sealing_off.sealed_off(store, tenant)
    assert held is not None
    return [escrow.open_share(each, held.shares, tenant) for each in identities]


def kinds(tenant: uuid.UUID) -> list[str]:
    with tenant_transaction(tenant):
        return [entry.kind for entry in reversed(entries(tenant=tenant))]


@pytest.mark.django_db
class TestTwoPeople:
    def test_one_order_step_by_step(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        sealed, other = seal(mine), seal(theirs)
        with tenant_transaction(mine):
            order = vault.place(tenant=mine, verb="suspend", reason=" litige ", at=NOW, actor=ANNE)
            for early in (vault.begin, vault.carry_out):
                with pytest.raises(Refused, match="ordered"):
                    early(tenant=mine, order=order.pk, at=NOW, actor=ANNE)
            with pytest.raises(Refused, match="another person"):
                vault.approve(tenant=mine, order=order.pk, at=NOW, actor=ANNE)
            assert vault.unseal(tenant=mine, envelope=sealed, **PLACE)
            vault.approve(tenant=mine, order=order.pk, at=NOW, actor=BEN)
            with pytest.raises(Refused, match="approved"):
                vault.approve(tenant=mine, order=order.pk, at=NOW, actor="staff:carl")
            assert vault.unseal(tenant=mine, envelope=sealed, **PLACE)
            vault.begin(tenant=mine, order=order.pk, at=NOW, actor=ANNE)
            with pytest.raises(KeySuspended):
                vault.unseal(tenant=mine, envelope=sealed, **PLACE)
            done = vault.carry_out(tenant=mine, order=order.pk, at=NOW, actor=ANNE)
            assert (done.state, done.executed_at, done.reason) == ("done", NOW, "litige")
            again = vault.carry_out(tenant=mine, order=order.pk, at=NOW + DAY, actor=ANNE)
            assert again.executed_at == NOW
        assert unseal(theirs, other)
        assert kinds(mine) == [
            "system:key:made",
            "staff:key_order:placed",
            "staff:key_order:approved",
            "staff:key_order:begun",
            "staff:key:suspended",
        ]
        do(mine, "resume")
        assert unseal(mine, sealed)

    def test_an_approved_order_lapses_after_fourteen_days(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        sealed = seal(mine)
        old, other = place(mine, "suspend"), place(theirs, "suspend")
        with pytest.raises(Refused, match="more than 14 days ago and has lapsed"):
            execute(mine, old, NOW + 14 * DAY + timedelta(seconds=1))
        with tenant_transaction(mine):
            assert vault.unseal(tenant=mine, envelope=sealed, **PLACE)
            vault.withdraw(tenant=mine, order=old, at=NOW + 15 * DAY, actor=ANNE)
        assert execute(theirs, other, NOW + 14 * DAY).state == "done"

    def test_the_database_refuses_one_person_too(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        with tenant_transaction(mine):
            order = vault.place(tenant=mine, verb="suspend", reason="x", at=NOW, actor=ANNE)
            with pytest.raises(IntegrityError, match=r"two_people|approved once"), transaction.atomic():
                KeyOrder.objects.filter(pk=order.pk).update(approved_by=ANNE)
            for change in ({"ordered_by": "staff:carl"}, {"verb": "destroy"}, {"reason": "autre"}):
                with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                    KeyOrder.objects.filter(pk=order.pk).update(**change)
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                KeyOrder.objects.all().delete()

    def test_an_order_belongs_to_its_organisation_and_the_operator_reads_all(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        order = place(mine, "suspend")
        with tenant_transaction(theirs):
            assert list(queries.orders()) == []
            for act in (vault.approve, vault.begin, vault.carry_out, vault.withdraw):
                with pytest.raises(InputError, match="no order"):
                    act(tenant=theirs, order=order, at=NOW, actor="staff:carl")
        with tenant_transaction(None, scope="operator"):
            assert [each.id for each in queries.orders(open_only=True)] == [order]

    def test_one_order_at_a_time_and_a_withdrawn_one_makes_room(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        order = place(mine, "suspend")
        with tenant_transaction(mine):
            with pytest.raises(Refused, match="execute or withdraw it first"):
                vault.place(tenant=mine, verb="destroy", reason="x", at=NOW, actor=ANNE)
            vault.withdraw(tenant=mine, order=order, at=NOW, actor=BEN)
            with pytest.raises(Refused, match="withdrawn"):
                vault.begin(tenant=mine, order=order, at=NOW, actor=ANNE)
        do(mine, "suspend")

    def test_bad_words_get_an_answer(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        with tenant_transaction(mine):
            key = DataKey.objects.get().pk
            for bad, said in (
                ({"verb": "shred"}, "write one of suspend"),
                ({"verb": "suspend", "reason": " "}, "reason"),
                ({"verb": "suspend", "data_key": key}, "name no key"),
                ({"verb": "destroy_data_key"}, "name it"),
            ):
                with pytest.raises(InputError, match=said):
                    vault.place(**{"tenant": mine, "reason": "x", "at": NOW, "actor": ANNE, **bad})
            with pytest.raises(UnknownKey, match="garant key list"):
                vault.place(tenant=mine, verb="destroy_data_key", data_key=uuid.uuid4(), reason="x", at=NOW, actor=ANNE)
            with pytest.raises(Refused, match="active cannot take resume"):
                vault.place(tenant=mine, verb="resume", reason="x", at=NOW, actor=ANNE)

    def test_the_dry_run_says_what_it_reaches_and_what_nobody_counted(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        seal(mine)
        with tenant_transaction(mine):
            key = DataKey.objects.get()
            order = vault.place(
                tenant=mine,
                verb="destroy",
                reason="x",
                at=NOW,
                actor=ANNE,
                counts=lambda *, tenant, keys: {"person.sin": 3 if list(keys) == [key.pk] else 0},
                backups=lambda *, tenant, keys: ["2026-10"],
            )
            assert order.dry_run["rows"] == {"person.sin": 3}
            assert order.dry_run["backups"] == ["2026-10"]
            assert order.dry_run["due"].startswith("2027-05-22")
            assert [each["key"] for each in order.dry_run["keys"]] == [str(key.pk)]
            vault.withdraw(tenant=mine, order=order.pk, at=NOW, actor=ANNE)
            order = vault.place(tenant=mine, verb="destroy_data_key", data_key=key.pk, reason="x", at=NOW, actor=ANNE)
            assert (order.dry_run["rows"], order.dry_run["backups"]) == (None, None)


@pytest.mark.django_db
class TestDestruction:
    def test_from_t0_to_the_end_with_people_in_escrow(self, two_tenants: Two, store: KeyStore, people: list[str]) -> None:
        mine, theirs = two_tenants
        sealed, other = seal(mine), seal(theirs)
        done = do(mine, "destroy")
        assert done.outcome["form"] == "escrow"
        assert done.outcome["older_copies"] == "open nothing"
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        with pytest.raises(ConfigurationError, match="does not hold"):
            store.tenant_key(mine)
        assert upkeep(at=NOW + 179 * DAY)["ended"] == 0
        assert upkeep(at=NOW + 180 * DAY)["ended"] == 1
        assert upkeep(at=NOW + 180 * DAY)["ended"] == 0
        assert sealing_off.whereabouts(store, mine) is Whereabouts.NOWHERE
        with tenant_transaction(mine):
            assert set(DataKey.objects.values_list("state", "wrapped")) == {("destroyed", b"")}
            assert Ring.objects.get().state == "destroyed"
            with pytest.raises(Refused, match="destroyed"):
                vault.make_tenant_keys(tenant=mine, at=NOW, actor="system:test")
        assert unseal(theirs, other)
        assert kinds(mine)[-5:] == [
            "staff:key_order:begun",
            "staff:key:destruction_begun",
            "system:key:sealed_off",
            "system:key:destruction_due",
            "system:key:destroyed",
        ]

    def test_a_cancellation_at_t0_plus_179_days_with_two_shares(self, two_tenants: Two, store: KeyStore, people: list[str]) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        do(mine, "destroy")
        held = shares(store, mine, people[:2])
        order = place(mine, "cancel_destruction", NOW + 179 * DAY)
        with pytest.raises(InputError, match="2 are needed"):
            execute(mine, order, NOW + 179 * DAY, held[:1])
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        assert execute(mine, order, NOW + 179 * DAY, held).state == "done"
        assert unseal(mine, sealed) == b"046 454 286"
        assert upkeep(at=NOW + 400 * DAY)["ended"] == 0
        assert unseal(mine, sealed)

    def test_at_t0_plus_181_days_it_is_impossible(self, two_tenants: Two, store: KeyStore, people: list[str]) -> None:
        mine = two_tenants[0]
        do(mine, "destroy")
        held = shares(store, mine, people[:2])
        with pytest.raises(Refused, match="cannot be cancelled any more"):
            place(mine, "cancel_destruction", NOW + 181 * DAY)
        order = place(mine, "cancel_destruction", NOW + 179 * DAY)
        with pytest.raises(Refused, match="cannot be cancelled any more"):
            execute(mine, order, NOW + 181 * DAY, held)
        assert upkeep(at=NOW + 181 * DAY)["ended"] == 1
        with tenant_transaction(mine):
            assert list(queries.orders(open_only=True)) == []

    def test_what_was_suspended_is_suspended_again_after_a_cancellation(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        for verb in ("suspend", "destroy", "cancel_destruction"):
            do(mine, verb)
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        do(mine, "resume")
        assert unseal(mine, sealed)

    def test_without_people_it_rests_on_procedure_and_says_so(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        epoch = store.root().epoch
        done = do(mine, "destroy")
        assert done.outcome["form"] == "aside"
        assert "procedure" in done.outcome["older_copies"]
        assert store.root().epoch == epoch
        upkeep(at=NOW + 180 * DAY)
        assert store.root().epoch == epoch + 1

    def test_killed_between_the_word_and_the_act_it_is_finished_by_the_job(self, two_tenants: Two, store: KeyStore) -> None:
        mine, theirs = two_tenants
        other = seal(theirs)
        order = place(mine, "destroy")
        with tenant_transaction(mine):
            vault.begin(tenant=mine, order=order, at=NOW, actor=ANNE)
        assert sealing_off.whereabouts(store, mine) is Whereabouts.STORE
        assert upkeep(at=NOW)["finished"] == 1
        assert sealing_off.whereabouts(store, mine) is Whereabouts.SEALED_OFF
        with tenant_transaction(mine):
            begin_end(tenant=mine, at=NOW + 180 * DAY, actor="system:test")
        assert upkeep(at=NOW + 181 * DAY)["ended"] == 1
        assert sealing_off.whereabouts(store, mine) is Whereabouts.NOWHERE
        assert unseal(theirs, other)

    def test_a_ring_whose_log_ran_ahead_is_closed_until_it_is_replayed(self, two_tenants: Two) -> None:
        """The commit failed after the log was written: nothing opens, and the order, or a replay, carries on."""
        mine = two_tenants[0]
        sealed = seal(mine)
        order = place(mine, "suspend")
        with tenant_transaction(mine), transaction.atomic():
            vault.begin(tenant=mine, order=order, at=NOW, actor=ANNE)
            transaction.set_rollback(True)
        forget_keys()
        with pytest.raises(BroughtBack, match="suspended"):
            unseal(mine, sealed)
        execute(mine, order)
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        do(mine, "resume")
        assert unseal(mine, sealed)


@pytest.mark.django_db
class TestOneDataKey:
    def test_destroyed_alone_it_opens_nothing_and_the_others_do(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        subject = f"subject:{uuid.uuid4()}"
        with tenant_transaction(mine):
            vault.make_data_key(tenant=mine, data_class=subject, at=NOW, actor="system:test")
            sealed = vault.seal(tenant=mine, plaintext=b"x", data_class=subject, **PLACE)
            key = DataKey.objects.get(data_class=subject)
            before = (key.wrapped, vault.epoch(tenant=mine)[0])
        rest = seal(mine)
        do(mine, "destroy_data_key", data_key=key.pk)
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        assert unseal(mine, rest)
        with tenant_transaction(mine):
            assert vault.epoch(tenant=mine)[0] == before[1] + 1
            # A database from before brings its record back.
            DataKey.objects.filter(pk=key.pk).update(wrapped=before[0], state="active")
            with pytest.raises(BroughtBack, match="garant key replay"):
                vault.unseal(tenant=mine, envelope=sealed, **PLACE)
            assert vault.replay(tenant=mine, at=NOW, actor=ANNE) is True
            assert vault.replay(tenant=mine, at=NOW, actor=ANNE) is False
            assert bytes(DataKey.objects.get(pk=key.pk).wrapped) == b""
            with pytest.raises(KeySuspended):
                vault.unseal(tenant=mine, envelope=sealed, **PLACE)
        assert unseal(mine, rest)

    def test_suspended_and_resumed_it_only_opens(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        sealed = seal(mine)
        with tenant_transaction(mine):
            key = DataKey.objects.get().pk
        do(mine, "suspend_data_key", data_key=key)
        with pytest.raises(KeySuspended):
            unseal(mine, sealed)
        do(mine, "resume_data_key", data_key=key)
        assert unseal(mine, sealed)
        with pytest.raises(UnknownKey):
            seal(mine)


@pytest.mark.django_db
class TestLog:
    def test_without_its_log_nothing_is_decrypted(self, two_tenants: Two, store: KeyStore, tmp_path: Path) -> None:
        mine, theirs = two_tenants
        sealed, other = seal(mine), seal(theirs)
        for verb in ("suspend", "resume"):
            do(mine, verb)
        log = KeyLog(live.DATA / "key-log" / "keys.log")
        held = log.path.read_bytes()
        for lost in (None, held.splitlines(keepends=True)[0]):
            log.path.unlink(missing_ok=True)
            if lost:
                log.path.write_bytes(lost)
            forget_keys()
            for tenant, envelope in ((mine, sealed), (theirs, other)):
                with pytest.raises(ConfigurationError, match="missing or shorter"):
                    unseal(tenant, envelope)
        log.path.unlink()
        with tenant_transaction(None, scope="operator"):
            assert vault.rebuild_log(at=NOW, actor=ANNE) == 2
        assert unseal(mine, sealed)
        assert unseal(theirs, other)
