"""The process that turns the edge's log into the access journal: `garant edge collector`, as role garant_edge.

HAProxy sends each line over TCP, prefixed by its length (RFC 6587). Lines are written in batches. What is not in the journal is counted,
by the minute: numbers that never came, lines that HAProxy says it dropped, lines that the database did not take before our memory was
full, lines that are not ours. The edge never waits for us: its ring holds what we have not read, then drops and counts.

Another user's program on this machine cannot write here: the kernel says whose each connection is, and a stranger's is ended unread and
counted apart (`refused`), for nothing is lost by it.

A worker that stops mid-way, or starts before us: its first number here may be above 1, and what came before is counted as missing.
"""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psycopg
from django.db import DatabaseError, DataError, connection
from django.db.models import F, Max

from garant.drivers.haproxy import Runtime
from garant.edge.engines.peers import owner_of_peer, trusted_users
from garant.edge.models import JournalLine, Loss
from garant.edge.policy.journal import Seen, Sequence, read_line
from garant.identity.queries import tenants
from garant.kernel.clock import Clock
from garant.kernel.errors import EngineError

log = logging.getLogger(__name__)

BATCH = 500
FLUSH = 0.5
"""Seconds between two writings."""
BOUND = 200_000
"""Lines held while the database is away (some 100 MB); beyond, the newest are counted as unwritten."""
LONGEST = 65_536
"""Bytes of one line; a longer prefix is not ours and ends the connection."""
SETTLE = 10
"""Flushes without a new number after which a gap at the end counts."""


class Frames:
    """Octet-counted frames out of a stream: `<length> <bytes>`. Raises ValueError for anything else."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by `data`."""
        self._held += data
        found = []
        start = 0
        while (space := self._held.find(b" ", start, start + 8)) > 0:
            size = int(self._held[start:space])
            if not 0 < size <= LONGEST:
                raise ValueError(f"a line of {size} bytes")
            if len(self._held) < space + 1 + size:
                break
            found.append(bytes(self._held[space + 1 : space + 1 + size]).rstrip(b"\n"))
            start = space + 1 + size
        else:
            if len(self._held) - start > 8:
                raise ValueError("no length before a line")
        del self._held[:start]
        return found


@dataclass
class Counters:
    """What one minute adds."""

    lines: int = 0
    missing: int = 0
    dropped: int = 0
    unwritten: int = 0
    unreadable: int = 0
    refused: int = 0

    def any(self) -> bool:
        return any(vars(self).values())


@dataclass
class Collector:
    """`edge`: name of the edge whose lines these are. `runtime`: where HAProxy says what it dropped, None to leave that out.

    `trusted`: user numbers whose connections are read.
    """

    edge: str
    clock: Clock
    runtime: Runtime | None = None
    bound: int = BOUND
    trusted: frozenset[int] = field(default_factory=trusted_users)
    waiting: deque[Seen] = field(default_factory=deque)
    counters: Counters = field(default_factory=Counters)
    sequences: dict[int, Sequence] = field(default_factory=dict)
    _quiet: dict[int, int] = field(default_factory=dict)
    _dropped: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _away: bool = False

    def run(self, listener: socket.socket, stop: Callable[[], bool]) -> None:
        """Receive and write until told to stop; then write what is held."""
        listener.settimeout(0.5)
        self._resume()
        receiving = threading.Thread(target=self._accept, args=(listener, stop), daemon=True)
        receiving.start()
        while not stop():
            PAUSE.wait(FLUSH)
            self.flush()
        receiving.join(2)
        self.flush()

    def _resume(self) -> None:
        """Go on where the former collector stopped: its last number of each worker."""
        since = self.clock.now() - timedelta(days=2)
        try:
            rows = JournalLine.objects.filter(edge=self.edge, at__gte=since).values_list("worker").annotate(last=Max("seq"))
            self.sequences.update({worker: Sequence(highest=last) for worker, last in rows})
        except (DatabaseError, psycopg.Error) as error:
            log.warning("The last numbers cannot be read (%s): lines of before may be counted as missing.", error)
            connection.close()

    def _accept(self, listener: socket.socket, stop: Callable[[], bool]) -> None:
        while not stop():
            try:
                link, _ = listener.accept()
            except TimeoutError:
                continue
            if not self._known(link):
                link.close()
                continue
            threading.Thread(target=self._receive, args=(link, stop), daemon=True).start()

    def _known(self, link: socket.socket) -> bool:
        """Whether the other end is the edge's, or another program of a user who could write the journal anyway."""
        try:
            owner = owner_of_peer(link)
        except OSError:
            owner = None  # gone already
        if owner in self.trusted:
            return True
        log.warning("A log connection of user %s was refused.", "unknown" if owner is None else owner)
        with self._lock:
            self.counters.refused += 1
        return False

    def _receive(self, link: socket.socket, stop: Callable[[], bool]) -> None:
        frames = Frames()
        link.settimeout(0.5)
        with link:
            while not stop():
                try:
                    data = link.recv(1 << 18)
                    if not data:
                        return
                    self.take(frames.feed(data))
                except TimeoutError:
                    continue
                except (OSError, ValueError) as error:
                    log.warning("A log connection ended: %s.", error)
                    return

    def take(self, lines: list[bytes]) -> None:
        """Take lines in; never waits for the database."""
        seen = [read_line(line) for line in lines]
        with self._lock:
            for line in seen:
                if line is None:
                    self.counters.unreadable += 1
                    continue
                self.counters.lines += 1
                self.counters.missing += self.sequences.setdefault(line.worker, Sequence()).take(line.seq)
                self._quiet[line.worker] = 0
                if len(self.waiting) < self.bound:
                    self.waiting.append(line)
                else:
                    self.counters.unwritten += 1

    def flush(self) -> None:
        """Write what is held and this minute's counters; a database that is away is tried again at the next flush."""
        self._settle()
        self._ask_dropped()
        try:
            slugs = {tenant.slug: tenant.id for tenant in tenants(canaries=True)} if self.waiting else {}
            while self.waiting:
                self._write(slugs)
            self._count()
        except (DatabaseError, psycopg.Error) as error:
            if not self._away:
                log.warning("The journal cannot be written (%s); lines are held.", str(error).strip().splitlines()[0])
            self._away = True
            connection.close()
            return
        if self._away:
            log.info("The journal is written again.")
        self._away = False

    def _write(self, slugs: dict[str, UUID]) -> None:
        with self._lock:
            batch = [self.waiting[i] for i in range(min(BATCH, len(self.waiting)))]
        try:
            JournalLine.objects.bulk_create([_row(self.edge, line, slugs) for line in batch])
        except DataError as error:  # a line that no table can hold must not hold up the others for ever
            log.warning("%d lines cannot be written: %s.", len(batch), error)
            with self._lock:
                self.counters.unwritten += len(batch)
        with self._lock:
            for _ in batch:
                self.waiting.popleft()

    def _settle(self) -> None:
        with self._lock:
            for worker, sequence in list(self.sequences.items()):
                self._quiet[worker] = self._quiet.get(worker, 0) + 1
                if self._quiet[worker] == SETTLE:
                    self.counters.missing += sequence.close()

    def _ask_dropped(self) -> None:
        if self.runtime is None:
            return
        try:
            info = self.runtime.info()
        except EngineError:
            return
        pid, dropped = info.get("Pid", ""), int(info.get("DroppedLogs", "0"))
        self.counters.dropped += max(dropped - self._dropped.get(pid, 0), 0)
        self._dropped = {pid: dropped}

    def _count(self) -> None:
        """A minute without a line is a row too: it says that the collector was there."""
        with self._lock:
            held, self.counters = self.counters, Counters()
        try:
            minute = self.clock.now().replace(second=0, microsecond=0)
            row, _ = Loss.objects.get_or_create(minute=minute, edge=self.edge)
            if held.any():
                Loss.objects.filter(pk=row.pk).update(**{name: F(name) + value for name, value in vars(held).items()})
        except (DatabaseError, psycopg.Error):
            with self._lock:
                for name, value in vars(held).items():
                    setattr(self.counters, name, getattr(self.counters, name) + value)
            raise


PAUSE = threading.Event()
"""Never set: a pause."""


def _row(edge: str, line: Seen, slugs: dict[str, UUID]) -> JournalLine:
    return JournalLine(
        at=line.at,
        edge=edge,
        worker=line.worker,
        seq=line.seq,
        request=line.request,
        address=line.address,
        host=line.host,
        tenant_id=slugs.get(line.tenant),
        user_id=line.user,
        method=line.method,
        path=line.path,
        status=line.status,
        ms=line.ms,
        size=line.size,
        ending=line.ending,
        reason=line.reason,
    )


def listen(port: int) -> socket.socket:
    """The listening socket, on loopback."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(16)
    return made
