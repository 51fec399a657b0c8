"""The key log on disk: `<data>/key-log/keys.log`, one line an event, each naming the one before it.

It lies outside the key store and outside the database, and belongs in no backup of either: a restored one of them is compared with it.
A copy of the same events is in the audit outbox. A log that is missing or shorter than the key store saw stops everything.
"""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from garant.kernel.errors import ConfigurationError
from garant.vault.engines import files
from garant.vault.policy.replay import FIRST, KeyEvent, LogError, Replayed, digest, event, line, replayed

_read: dict[Path, tuple[tuple[int, int, int], Replayed]] = {}
_lock = threading.Lock()


class KeyLog:
    """Appends events and tells what they come to. What was read is remembered until the file changes."""

    def __init__(self, path: Path, *, group: str = files.GROUP) -> None:
        self.path = path
        self.group = group

    def begin(self) -> None:
        """Make an empty log where there is none: from then on a missing one is noticed."""
        if self.path.exists():
            return
        files.make_directory(self.path.parent, self.group)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            files.share(self.path, self.group)
            files.flush_directory(self.path.parent)

    def append(self, event: KeyEvent) -> int:
        """Append an event, which gets the next number, and have it on the disk. Raises ConfigurationError when the log is damaged."""
        self.begin()
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            number, before, whole = 0, FIRST, 0
            for raw, each in self._lines(file):
                number, before, whole = each.number, digest(raw), whole + len(raw)
            # A last line without its end was never acknowledged: it is taken away.
            file.truncate(whole)
            file.write(line(replace(event, number=number + 1), before))
            file.flush()
            os.fsync(file.fileno())
        return number + 1

    def events(self) -> Iterator[KeyEvent]:
        """Every event, in order. Raises ConfigurationError when the chain is broken."""
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from (each for _, each in self._lines(file))

    def replayed(self) -> Replayed:
        """What the log comes to; of an absent one, nothing."""
        mark = self.mark()
        if mark is None:
            return Replayed()
        with _lock:
            known = _read.get(self.path)
        if known is None or known[0] != mark:
            known = (mark, self._replay())
            with _lock:
                _read[self.path] = known
        return known[1]

    def mark(self) -> tuple[int, int, int] | None:
        """What changes with the file; None when there is none."""
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            return None
        return seen.st_ino, seen.st_size, seen.st_mtime_ns

    def rebuild(self, events: Iterable[KeyEvent]) -> int:
        """Write a lost log again from another copy of its events; its length. Raises ConfigurationError while there is one."""
        if self.path.exists():
            raise ConfigurationError(f"{self.path} exists: it is not written over; move it away first")
        self.begin()
        number = 0
        for each in events:
            number = self.append(each)
        return number

    def _replay(self) -> Replayed:
        with self.path.open("rb") as file:
            lines = list(self._lines(file))
        found = replayed(each for _, each in lines)
        found.digests = [digest(raw) for raw, _ in lines]
        return found

    def _lines(self, file: Iterable[bytes]) -> Iterator[tuple[bytes, KeyEvent]]:
        before = FIRST
        for number, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                return
            try:
                content = json.loads(raw)
                each = event(content)
                if content.get("before") != before or each.number != number:
                    raise LogError("it does not follow the line before it")
            except (ValueError, AttributeError, LogError) as error:
                raise ConfigurationError(
                    f"{self.path}:{number}: the key log was changed ({error}); put it back from its copy: nothing is decrypted without it"
                ) from error
            before = digest(raw)
            yield raw, each
