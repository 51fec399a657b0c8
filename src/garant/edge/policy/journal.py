"""One line of the edge's log, and what is missing between lines. Pure.

A worker numbers its lines in the order of writing, from 1. Threads may swap neighbours on the way to the collector, so a number is
missing only when `WINDOW` later ones have come.
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

WINDOW = 500


@dataclass(frozen=True)
class Seen:
    """One request, or (`method` empty) a connection that never became one. `tenant`: slug, empty for a host that is nobody's."""

    at: datetime
    worker: int
    seq: int
    request: str
    address: str
    host: str
    tenant: str
    user: uuid.UUID | None
    method: str
    path: str
    status: int
    ms: int
    size: int
    ending: str
    reason: str


def read_line(data: bytes) -> Seen | None:
    """The line, or None for what is not one of ours."""
    try:
        row = {name: "" if value == "-" else value for name, value in json.loads(data).items()}  # HAProxy writes "-" for nothing
        ms = max(int(row.get("ms", 0)), 0)
        user = row.get("u") or ""
        return Seen(
            at=datetime.fromtimestamp(int(row["t"]) / 1000, UTC) - timedelta(milliseconds=ms),
            worker=int(row["pid"]),
            seq=int(row["n"]),
            request=f"{int(row['ts']):08X}-{int(row['pid']):04X}-{int(row['rt']):04X}" if "rt" in row else "",
            address=_text(row["ip"], 45),
            host=_text(row.get("h", ""), 253),
            tenant=_text(row.get("tn", ""), 42),
            user=uuid.UUID(user) if user else None,
            method="" if "err" in row else _text(row.get("m", ""), 20),
            path=_text(row.get("p", ""), 1000),
            status=max(int(row.get("s", 0)), 0),
            ms=min(ms, 2**31 - 1),
            size=max(int(row.get("b", 0)), 0),
            ending=_text(row.get("e", ""), 4),
            reason=_reason(row),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _text(value: object, limit: int) -> str:
    """PostgreSQL holds no NUL and no half of a pair."""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()[:limit]


def _reason(row: dict[str, object]) -> str:
    """Why the edge itself refused; empty when it did not."""
    if "err" in row:
        return "handshake"
    if not str(row.get("e", "")).startswith(("PR", "LR")):
        return ""
    if row.get("a") == "deny":
        return "address"
    return {400: "malformed", 403: "role" if row.get("u") else "denied", 421: "host", 429: "rate", 503: "down", 502: "cookie"}.get(
        int(str(row.get("s", 0))), ""
    )


@dataclass
class Sequence:
    """The numbers of one worker. `missing` grows when a number has not come `window` numbers later; a late one is taken back."""

    window: int = WINDOW
    highest: int = 0
    open: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)

    def take(self, number: int) -> int:
        """Take one number in; by how much the loss changed (negative: a line counted as lost has come after all)."""
        if number == 1 and self.highest and 1 not in self.open | self.lost:
            change = self.close()  # another worker was given the same process number
            self.highest, self.lost = 1, set()
            return change
        if number > self.highest:
            change = 0
            if number - self.highest > 1:
                change = self._skipped(self.highest + 1, number)
            self.highest = number
            return change + self._settle()
        self.open.discard(number)
        if number in self.lost:
            self.lost.discard(number)
            return -1
        return 0

    def close(self) -> int:
        """The worker is gone or silent: what is still open is lost."""
        change = len(self.open)
        self.lost |= self.open
        self.open.clear()
        return change

    def _skipped(self, first: int, end: int) -> int:
        """A gap longer than the window is lost at once, all but its last numbers."""
        sure = max(end - self.window, first)
        self.open.update(range(sure, end))
        return sure - first

    def _settle(self) -> int:
        if not self.open:
            return 0
        old = {number for number in self.open if number <= self.highest - self.window}
        self.open -= old
        self.lost |= old
        return len(old)
