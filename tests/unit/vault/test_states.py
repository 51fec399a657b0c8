"""The life of a ring, by any sequence of orders, times and interruptions, on a real key store and a real key log.

The rows of the database are a value here, which a transaction replaces whole or not at all; `tests/integration/vault/test_orders.py` has
the real ones.
"""

import tempfile
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from garant.kernel.canonical import moment
from garant.kernel.errors import Refused
from garant.vault.engines import escrow, sealing_off
from garant.vault.engines.escrow import Escrow
from garant.vault.engines.keylog import KeyLog
from garant.vault.engines.keystore import KeyStore
from garant.vault.policy.replay import KeyEvent, disagreement
from garant.vault.policy.states import (
    KEY_TRANSITIONS,
    RING_TRANSITIONS,
    KeyState,
    RingState,
    Standing,
    Verb,
    Whereabouts,
    ended,
    faults,
    key_turned,
    turned,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Killed(BaseException):
    """The process ended here."""


class TestTerm:
    pending = turned(Standing(), Verb.DESTROY, T0)

    def test_at_t0_nothing_is_allowed_any_more_and_the_end_is_known(self) -> None:
        assert self.pending == Standing(RingState.PENDING, 2, RingState.ACTIVE, T0 + 180 * DAY)
        assert turned(Standing(), Verb.DESTROY, T0, days=30).due == T0 + 30 * DAY

    @pytest.mark.parametrize("was", [RingState.ACTIVE, RingState.SUSPENDED])
    def test_a_cancellation_at_t0_plus_179_days_gives_the_former_state_back(self, was: RingState) -> None:
        pending = turned(Standing(was), Verb.DESTROY, T0)
        assert turned(pending, Verb.CANCEL, T0 + 179 * DAY) == Standing(was, 3)

    @pytest.mark.parametrize("days", [180, 181])
    def test_a_cancellation_at_t0_plus_180_days_or_later_is_impossible(self, days: int) -> None:
        with pytest.raises(Refused, match="term of this destruction has passed"):
            turned(self.pending, Verb.CANCEL, T0 + days * DAY)

    def test_it_does_not_end_before_its_day(self) -> None:
        with pytest.raises(Refused, match="2026-06-30"):
            ended(self.pending, T0 + 180 * DAY - timedelta(seconds=1))
        assert ended(self.pending, T0 + 180 * DAY) == Standing(RingState.DESTROYED, 3)
        with pytest.raises(Refused, match="not pending"):
            ended(Standing(), T0)

    def test_nothing_leads_out_of_destroyed(self) -> None:
        for verb in Verb:
            with pytest.raises(Refused):
                turned(Standing(RingState.DESTROYED), verb, T0)
            with pytest.raises(Refused):
                key_turned(KeyState.DESTROYED, verb)

    def test_what_is_not_in_the_tables_is_refused(self) -> None:
        for state in RingState:
            for verb in Verb:
                if (state, verb) not in RING_TRANSITIONS:
                    with pytest.raises(Refused, match="cannot take"):
                        turned(Standing(state), verb, T0)
        assert {state for state, _ in KEY_TRANSITIONS} == set(KeyState) - {KeyState.DESTROYED}


class Life(RuleBasedStateMachine):
    """Acts in the order of the service: log, then the row, then the key store; killed before any of them, and taken up again."""

    @initialize(people=st.booleans())
    def begin(self, people: bool) -> None:
        self.held = tempfile.TemporaryDirectory(prefix="garant-states-")
        base = Path(self.held.name)
        self.store = KeyStore(base / "keys", group="no-such-group")
        self.log = KeyLog(base / "log" / "keys.log", group="no-such-group")
        self.store.make_root()
        self.tenant, self.other = uuid.uuid4(), uuid.uuid4()
        self.kek, self.others = self.store.make_tenant_key(self.tenant), self.store.make_tenant_key(self.other)
        identities = [escrow.make_identity() for _ in range(3)] if people else []
        self.identities = [secret for secret, _ in identities]
        self.escrow = Escrow(tuple(recipient for _, recipient in identities), 2)
        self.ring, self.now = Standing(), T0
        self.owed: RingState | None = None

    def teardown(self) -> None:
        if hasattr(self, "held"):
            self.held.cleanup()

    @rule(days=st.sampled_from([0, 1, 89, 90, 91]))
    def time_passes(self, days: int) -> None:
        self.now += days * DAY

    @precondition(lambda self: self.owed is None)
    @rule(verb=st.sampled_from([Verb.SUSPEND, Verb.RESUME, Verb.DESTROY]), killed=st.sampled_from([None, "log", "row", "act"]))
    def ordered(self, verb: Verb, killed: str | None) -> None:
        try:
            after = turned(self.ring, verb, self.now)
        except Refused:
            return
        self._carry(after, killed)

    @precondition(lambda self: self.ring.state is RingState.PENDING)
    @rule(killed=st.sampled_from([None, "act", "row"]))
    def cancelled(self, killed: str | None) -> None:
        try:
            after = turned(self.ring, Verb.CANCEL, self.now)
        except Refused:
            assert self.ring.due is not None
            assert self.now >= self.ring.due
            return
        if self.owed or sealing_off.whereabouts(self.store, self.tenant) is Whereabouts.STORE:
            self.taken_up()
        if killed == "act":
            return
        sealing_off.bring_back(self.store, self.tenant, self._shares())
        if killed == "row":
            self.owed = RingState.PENDING
            return
        self._logged(after)
        self.ring = after

    @precondition(lambda self: self.ring.state is RingState.PENDING and self.owed is None)
    @rule(killed=st.sampled_from([None, "log", "row", "act"]))
    def the_term_ends(self, killed: str | None) -> None:
        try:
            after = ended(self.ring, self.now)
        except Refused:
            return
        self._carry(after, killed)

    @precondition(lambda self: self.owed is not None)
    @rule()
    def taken_up(self) -> None:
        """The job, or whoever executes the order again."""
        self._act()
        self.owed = None

    @rule()
    def the_root_is_rotated(self) -> None:
        self.store.rotate_root()

    @rule()
    def an_old_database_comes_back(self) -> None:
        """Its rows say what they said before any transition: the log must say no unless it agrees."""
        seen = self.log.replayed().rings.get(self.tenant)
        if seen is not None:
            said = disagreement(self.log.replayed(), self.tenant, None, epoch=1, state="active")
            assert said

    @invariant()
    def nothing_is_wrong(self) -> None:
        if not hasattr(self, "store"):
            return
        place = sealing_off.whereabouts(self.store, self.tenant)
        assert list(faults(self.ring, place, settled=self.owed is None)) == []
        if self.ring.state is RingState.ACTIVE:
            assert self.store.tenant_key(self.tenant) == self.kek
        assert self.store.tenant_key(self.other) == self.others

    def _carry(self, after: Standing, killed: str | None) -> None:
        if killed == "log":
            return
        self._logged(after)
        if killed == "row":
            # The commit failed: the log is ahead. Nothing may be decrypted, and the same order is carried out again.
            if after.state is not RingState.ACTIVE:
                assert disagreement(self.log.replayed(), self.tenant, None, epoch=self.ring.epoch, state=self.ring.state)
            self._logged(after)
        self.ring = after
        if killed == "act":
            self.owed = after.state
            return
        self._act()

    def _act(self) -> None:
        if self.ring.state is RingState.PENDING:
            sealing_off.seal_off(self.store, self.tenant, self.escrow)
        if self.ring.state is RingState.DESTROYED:
            sealing_off.destroy(self.store, self.tenant, moment(self.now))
        self.store.rotate_if_owed()

    def _logged(self, after: Standing) -> None:
        due = moment(after.due) if after.due else ""
        event = KeyEvent(0, moment(self.now), "test", self.tenant, after.state, after.epoch, due=due)
        self.store.saw_log(self.log.append(replace(event, was=after.was or "")))

    def _shares(self) -> tuple[str, ...]:
        held = sealing_off.sealed_off(self.store, self.tenant)
        assert held is not None
        return tuple(escrow.open_share(each, held.shares, self.tenant) for each in self.identities[1:])


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
