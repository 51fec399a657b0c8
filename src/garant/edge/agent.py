"""The process between the database and one HAProxy: `garant edge agent`, as role garant_edge.

- On each (re)connection to the database, and on each new worker of HAProxy (start, crash, reload): the lists are written again from
  the database and the revocations of the last minutes are replayed. A new worker has no decision, so it has nothing stale. A worker
  that lived on without us may still run requests of then: it gets all that it has not acknowledged.
- Then, as notices arrive: revocations at once, lists after them. What a lost notice would have said is found by the poll, each second.
- `fill` has the lists written again too: somebody saw that the edge does not hold them.
- What was applied is acknowledged, per edge and tenant. Revocations that no decision can outlive are deleted once
  every edge has acknowledged them, or after a day.

Without the database the edge goes on with what it has, and its decisions die within a minute: the edge then refuses by itself.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection
from django.db.models import Min

from garant.drivers.haproxy import Runtime
from garant.edge.engines import haproxy
from garant.edge.engines.haproxy import Lists, Places
from garant.edge.models import Applied, Edge, Policy, Revocation
from garant.edge.service import CHANNEL, FILL, lists_from_database
from garant.kernel.clock import Clock
from garant.kernel.errors import EngineError, GarantError

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks without a notice."""
REPLAY = timedelta(minutes=3)
"""Revocations younger than this are replayed: more than twice the longest life of a decision."""
WAIT = threading.Event()
"""Never set: a pause that a signal can end."""
RENEW_EVERY = timedelta(hours=1)
KEEP = timedelta(minutes=10)
KEEP_UNSEEN = timedelta(days=1)
"""How long a revocation waits for an edge that does not acknowledge it."""
TIDY_EVERY = 60
"""Turns of the poll between two tidyings."""


@dataclass
class Agent:
    """`name`: of this edge, unique in the deployment. `renew`: looks after the certificate, once an hour.

    `filled`: the worker that has all revocations up to `through_ms`. `behind_ms`: from when on it may lack some, None when it does not.
    """

    name: str
    places: Places
    clock: Clock
    renew: Callable[[], None] | None = None
    renewed_at: datetime | None = None
    worker: str = ""
    filled: str = ""
    behind_ms: int | None = None
    held: Lists | None = None
    revoked: dict[str, int] = field(default_factory=dict)
    through_ms: int = 0
    acknowledged: dict[UUID, int] = field(default_factory=dict)
    problem: str = ""
    turns: int = 0

    def run(self, stop: Callable[[], bool]) -> None:
        """Until told to stop. A database that goes away is waited for; the edge goes on meanwhile."""
        while not stop():
            try:
                self._connected(stop)
            except (DatabaseError, psycopg.Error) as error:
                log.warning("The database does not answer (%s); the edge goes on with what it holds.", str(error).strip().splitlines()[0])
                connection.close()
                _pause()

    def _connected(self, stop: Callable[[], bool]) -> None:
        connection.ensure_connection()
        raw = connection.connection
        raw.execute(f"listen {CHANNEL}")
        self.worker, self.acknowledged = "", {}
        self._remember()
        notices: list[str] = []
        while not stop():
            self.turn(notices)
            notices = [notice.payload for notice in raw.notifies(timeout=POLL, stop_after=1)]
            notices += [notice.payload for notice in raw.notifies(timeout=0)]

    def turn(self, notices: list[str]) -> None:
        """One look: revocations first, then lists, then what is said to the others. HAProxy being away is a problem, not an end."""
        problem = ""
        try:
            if self.worker:  # otherwise what they say is among what is read below, after what came before it
                self._revoke(_told(notices))
            self._follow_worker()
            if FILL in notices:
                self.held = None
            self._revoke(self._recent())
            self.filled, self.behind_ms = self.worker, None
            self._lists()
            if self.turns % TIDY_EVERY == 0:
                haproxy.tidy(Runtime(self.places.runtime))
            self._renew()
        except GarantError as error:
            problem, self.worker = str(error), ""
        if problem != self.problem:
            self.problem = problem
            log.warning("%s", problem) if problem else log.info("The edge is as the policy says.")
        self._acknowledge()
        self.turns += 1

    def _remember(self) -> None:
        """What an earlier agent of this edge acknowledged, and in which worker."""
        row = Edge.objects.filter(name=self.name).first()
        if row is not None and row.revoked_through_ms > self.through_ms:
            self.through_ms = row.revoked_through_ms
        if row is not None and not self.filled:
            self.filled = str(row.worker or "")

    def _follow_worker(self) -> None:
        """A worker that we did not fill has none of our revocations and perhaps old lists."""
        pid = Runtime(self.places.runtime).info().get("Pid", "")
        if pid != self.worker:
            self.held, self.revoked = None, {}
            self.worker = pid
            self.behind_ms = self.through_ms if pid == self.filled else None
            log.info("HAProxy's worker %s is filled from the database.", pid)

    def _revoke(self, subjects: Mapping[str, int]) -> None:
        new = [(subject, ms) for subject, ms in subjects.items() if ms > self.revoked.get(subject, 0)]
        if not new:
            return
        cut = haproxy.revoke(self.places, new)
        self.revoked.update(new)
        self.through_ms = max(self.through_ms, *(ms for _, ms in new))
        log.info("%d revocations applied, %d running requests cut.", len(new), cut)

    def _recent(self) -> dict[str, int]:
        since = self._ms_before(REPLAY)
        if self.behind_ms is not None:  # transactions do not commit in the order of their clocks: some before it may be news too
            since = max(min(since, self.behind_ms - int(REPLAY.total_seconds() * 1000)), self._ms_before(KEEP_UNSEEN))
        rows = Revocation.objects.filter(not_before_ms__gte=since).values_list("kind", "key", "not_before_ms").order_by("not_before_ms")
        recent = {f"{kind}:{key}": ms for kind, key, ms in rows}
        self.revoked = {subject: ms for subject, ms in self.revoked.items() if ms >= since}
        return recent

    def _lists(self) -> None:
        """The versions are read before the rules: what is acknowledged is never newer than what was applied."""
        versions = dict(Policy.objects.values_list("tenant_id", "version"))
        wanted = lists_from_database()
        if wanted != self.held:
            haproxy.write_lists(self.places, wanted)
            haproxy.put_lists(Runtime(self.places.runtime), self.places, wanted)
            self.held = wanted
        for tenant, version in versions.items():
            if self.acknowledged.get(tenant) != version:
                self._edge_row()
                values = {"version": version, "applied_at": self.clock.now()}
                Applied.objects.update_or_create(edge_id=self.name, tenant_id=tenant, defaults=values)
                self.acknowledged[tenant] = version

    def _renew(self) -> None:
        now = self.clock.now()
        if self.renew is not None and (self.renewed_at is None or now - self.renewed_at >= RENEW_EVERY):
            self.renewed_at = now
            self.renew()

    def _edge_row(self) -> None:
        Edge.objects.get_or_create(name=self.name, defaults={"seen_at": self.clock.now()})

    def _acknowledge(self) -> None:
        facts: dict[str, object] = {"seen_at": self.clock.now(), "problem": self.problem, "revoked_through_ms": self.through_ms}
        if not self.problem:
            runtime = Runtime(self.places.runtime)
            try:
                info = runtime.info()
                facts |= {"engine": f"HAProxy {info.get('Version', '')}"[:60], "worker": int(info.get("Pid", "0"))}
                facts["decisions"] = int(runtime.ask("garant count"))
            except (EngineError, ValueError) as error:
                facts["problem"] = str(error)
        Edge.objects.update_or_create(name=self.name, defaults=facts)
        if self.turns % TIDY_EVERY == 0:
            seen = Edge.objects.aggregate(least=Min("revoked_through_ms"))["least"] or 0
            Revocation.objects.filter(not_before_ms__lt=max(min(self._ms_before(KEEP), seen), self._ms_before(KEEP_UNSEEN))).delete()

    def _ms_before(self, span: timedelta) -> int:
        return int((self.clock.now() - span).timestamp() * 1000)


def _told(notices: list[str]) -> dict[str, int]:
    """Revocations said in notices: `revoke u:<key> <ms>`. Anything else only wakes us."""
    said: dict[str, int] = {}
    for notice in notices:
        words = notice.split()
        if len(words) == 3 and words[0] == "revoke" and words[2].isdigit():
            said[words[1]] = max(int(words[2]), said.get(words[1], 0))
    return said


def _pause() -> None:
    WAIT.wait(POLL)
