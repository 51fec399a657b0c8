"""What somebody who writes SQL as the web role, or who shortens the key log, cannot do to keys."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as live
from django.db import IntegrityError, transaction

from garant.identity.service import tenant_transaction
from garant.kernel.errors import ConfigurationError, Refused
from garant.vault import service as vault
from garant.vault.engines import sealing_off
from garant.vault.engines.keylog import KeyLog
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import KeyOrder, Ring
from garant.vault.policy.states import RingState, Verb, Whereabouts
from garant.vault.service import BroughtBack, destruction, sealing, states
from garant.vault.service.upkeep import database_clock, upkeep
from support.keys import NOW, forget_keys

DAY = timedelta(days=1)
Two = tuple[uuid.UUID, uuid.UUID]
PLACE = {"table": "person", "column": "sin", "row": "7"}
pytestmark = pytest.mark.django_db


def forge(tenant: uuid.UUID, **values: object) -> None:
    with tenant_transaction(tenant):
        assert Ring.objects.filter(tenant_id=tenant).update(**values) == 1


def seal(tenant: uuid.UUID) -> bytes:
    with tenant_transaction(tenant):
        return vault.seal(tenant=tenant, plaintext=b"046 454 286", **PLACE)


def unseal(tenant: uuid.UUID, sealed: bytes) -> bytes:
    with tenant_transaction(tenant):
        return vault.unseal(tenant=tenant, envelope=sealed, **PLACE)


class TestForgedDestruction:
    @pytest.mark.parametrize("state", ["pending_destruction", "destroyed"])
    def test_a_row_alone_destroys_nothing(self, two_tenants: Two, store: KeyStore, state: str) -> None:
        mine, theirs = two_tenants
        other = seal(theirs)
        forge(mine, state=state, was="active", due_at=NOW - DAY, epoch=9)
        done = upkeep(at=NOW)
        assert (done["ended"], done["failed"]) == (0, 1)
        assert sealing_off.whereabouts(store, mine) is Whereabouts.STORE
        assert unseal(theirs, other) == b"046 454 286"

    def test_a_term_brought_forward_ends_nothing(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        with tenant_transaction(mine):
            states.turn(mine, Verb.DESTROY, at=NOW, actor="staff:anne", reason="fin")
            destruction.take_away(tenant=mine, at=NOW, actor="staff:anne", order="")
        forge(mine, due_at=NOW)
        assert upkeep(at=NOW + DAY)["failed"] == 1
        assert sealing_off.whereabouts(store, mine) is Whereabouts.SEALED_OFF
        forge(mine, due_at=NOW + 180 * DAY)
        assert upkeep(at=NOW + 180 * DAY)["ended"] == 1

    def test_a_key_is_not_taken_away_on_the_word_of_a_row(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        forge(mine, state="pending_destruction", was="active", due_at=NOW + DAY, epoch=2)
        with tenant_transaction(mine), pytest.raises(Refused, match="stays in the store"):
            destruction.take_away(tenant=mine, at=NOW, actor="staff:anne", order="")
        assert sealing_off.whereabouts(store, mine) is Whereabouts.STORE

    def test_a_clock_before_the_newest_event_ends_nothing(self, two_tenants: Two, store: KeyStore) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            states.turn(mine, Verb.DESTROY, at=NOW, actor="staff:anne", reason="fin")
            destruction.take_away(tenant=mine, at=NOW, actor="staff:anne", order="")
        with tenant_transaction(theirs):
            states.suspend(tenant=theirs, at=NOW + 200 * DAY, actor="staff:anne", reason="litige")
        assert upkeep(at=NOW + 190 * DAY)["failed"] == 1
        assert sealing_off.whereabouts(store, mine) is Whereabouts.SEALED_OFF

    def test_two_clocks_must_agree(self, two_tenants: Two, store: KeyStore) -> None:
        mine = two_tenants[0]
        with tenant_transaction(mine):
            states.turn(mine, Verb.DESTROY, at=NOW, actor="staff:anne", reason="fin")
            destruction.take_away(tenant=mine, at=NOW, actor="staff:anne", order="")
        at = NOW + 181 * DAY
        assert upkeep(at=at, clock=database_clock)["failed"] == 1
        assert upkeep(at=at, clock=lambda: at - timedelta(minutes=6))["failed"] == 1
        assert sealing_off.whereabouts(store, mine) is Whereabouts.SEALED_OFF
        assert upkeep(at=at, clock=lambda: at - timedelta(minutes=4))["ended"] == 1


class TestRevived:
    def test_a_key_in_memory_is_not_revived_by_a_row(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        sealed, other = seal(mine), seal(theirs)
        held = dict(sealing._remembered._keys)
        with tenant_transaction(mine):
            states.suspend(tenant=mine, at=NOW, actor="staff:anne", reason="litige")
        forge(mine, state="active", epoch=3)
        # The process that held the key was told nothing, and holds it under the epoch that the row has now.
        for name, (_, region, key) in held.items():
            if name[1] == mine:
                sealing._remembered.put(name, 3, region, key)
        with pytest.raises(BroughtBack, match="suspended"):
            unseal(mine, sealed)
        with tenant_transaction(mine), pytest.raises(BroughtBack, match="suspended"):
            vault.confirmed_epoch(tenant=mine)
        assert unseal(theirs, other) == b"046 454 286"
        with tenant_transaction(theirs):
            assert vault.confirmed_epoch(tenant=theirs)[1] == "active"


class TestDatabaseGuards:
    def test_an_epoch_only_grows_and_a_destruction_is_final(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        forge(mine, epoch=5)
        for values in ({"epoch": 4}, {"state": "suspended"}):
            with tenant_transaction(mine), pytest.raises(IntegrityError), transaction.atomic():
                Ring.objects.filter(tenant_id=mine).update(**values)
        forge(mine, state="destroyed", epoch=6)
        with tenant_transaction(mine), pytest.raises(IntegrityError, match="stay destroyed"), transaction.atomic():
            Ring.objects.filter(tenant_id=mine).update(state="active", epoch=7)

    def test_an_order_is_not_put_in_already_approved(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        said = {"tenant_id": mine, "verb": "destroy", "reason": "x", "ordered_by": "staff:anne", "ordered_at": NOW}
        for values in ({"state": "approved", "approved_by": "staff:ben"}, {"state": "begun"}, {"approved_by": "staff:ben"}):
            with tenant_transaction(mine), pytest.raises(IntegrityError, match="without approval"), transaction.atomic():
                KeyOrder.objects.create(**said, **values)
        with tenant_transaction(mine):
            order = vault.place(tenant=mine, verb="suspend", reason="x", at=NOW, actor="staff:anne")
            for values in ({"approved_by": "staff:ben"}, {"state": "begun"}, {"state": "approved"}):
                with pytest.raises(IntegrityError), transaction.atomic():
                    KeyOrder.objects.filter(pk=order.pk).update(**values)
            vault.approve(tenant=mine, order=order.pk, at=NOW, actor="staff:ben")
            with pytest.raises(IntegrityError, match="approved once"), transaction.atomic():
                KeyOrder.objects.filter(pk=order.pk).update(approved_by="staff:carl")

    def test_an_order_that_the_audit_log_does_not_know_is_not_begun(self, two_tenants: Two) -> None:
        mine = two_tenants[0]
        said = {"tenant_id": mine, "verb": "suspend", "reason": "x", "ordered_by": "staff:anne", "ordered_at": NOW}
        with tenant_transaction(mine):
            order = KeyOrder.objects.create(**said)
            KeyOrder.objects.filter(pk=order.pk).update(state="approved", approved_by="staff:ben", approved_at=NOW)
            with pytest.raises(Refused, match="no entry staff:key_order:placed"):
                vault.begin(tenant=mine, order=order.pk, at=NOW, actor="staff:anne")
            vault.withdraw(tenant=mine, order=order.pk, at=NOW, actor="staff:anne")
            order = vault.place(tenant=mine, verb="suspend", reason="x", at=NOW, actor="staff:anne")
            KeyOrder.objects.filter(pk=order.pk).update(state="approved", approved_by="staff:ben", approved_at=NOW)
            with pytest.raises(Refused, match="no entry staff:key_order:approved by staff:ben"):
                vault.begin(tenant=mine, order=order.pk, at=NOW, actor="staff:anne")
            assert Ring.objects.get().state == "active"


class TestShortenedLog:
    def test_it_is_not_healed_by_the_next_transition(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        with tenant_transaction(mine):
            states.suspend(tenant=mine, at=NOW, actor="staff:anne", reason="litige")
        log = KeyLog(live.DATA / "key-log" / "keys.log")
        held = log.path.read_bytes()
        log.path.write_bytes(b"")
        with pytest.raises(ConfigurationError, match="missing or shorter"), tenant_transaction(theirs):
            states.suspend(tenant=theirs, at=NOW, actor="staff:anne", reason="litige")
        assert log.path.read_bytes() == b""
        log.path.write_bytes(held)
        with tenant_transaction(theirs):
            states.suspend(tenant=theirs, at=NOW, actor="staff:anne", reason="litige")

    def test_another_log_of_the_same_length_is_refused(self, two_tenants: Two) -> None:
        mine, theirs = two_tenants
        sealed = seal(theirs)
        with tenant_transaction(mine):
            states.suspend(tenant=mine, at=NOW, actor="staff:anne", reason="litige")
        log = KeyLog(live.DATA / "key-log" / "keys.log")
        (event,) = log.events()
        log.path.unlink()
        log.append(replace(event, state=RingState.ACTIVE))
        forget_keys()
        with pytest.raises(ConfigurationError, match="not the log that the key store saw"):
            unseal(theirs, sealed)

    def test_it_is_not_rebuilt_from_an_outbox_that_knows_less(self, two_tenants: Two, store: KeyStore) -> None:
        log = KeyLog(live.DATA / "key-log" / "keys.log")
        log.path.unlink()
        store.saw_log(2)
        with pytest.raises(Refused, match="older than the lost log"), tenant_transaction(None, scope="operator"):
            vault.rebuild_log(at=NOW, actor="staff:anne")
        assert not log.path.exists()
