"""Epoch keys remembered for a while in one process, so that a slow or distant protector is not asked at each use.

Rules:
- only the very bytes that were unwrapped under this label are answered from memory; a new epoch is another question
- what this process disables or destroys is forgotten at once; what somebody disables at the service itself, after `LIFE` at the latest
- a forked child forgets everything: it asks for itself
"""

import os
import threading
from datetime import datetime, timedelta

from garant.kernel.clock import Clock, SystemClock
from garant.vault.engines.roots import Attestation, RootProtector

LIFE = timedelta(minutes=5)


class Remembered:
    """A protector in front of another. Safe to share between threads."""

    def __init__(self, protector: RootProtector, *, clock: Clock | None = None, life: timedelta = LIFE) -> None:
        self.protector, self.name = protector, protector.name
        self._clock, self._life = clock or SystemClock(), life
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._known: dict[tuple[int, bytes, str], tuple[bytes, datetime]] = {}

    def rotate_epoch(self, epoch: int) -> None:
        self.protector.rotate_epoch(epoch)

    def wrap(self, epoch: int, key: bytes, label: str) -> bytes:
        return self.protector.wrap(epoch, key, label)

    def unwrap(self, epoch: int, wrapped: bytes, label: str) -> bytes:
        asked, now = (epoch, bytes(wrapped), label), self._clock.now()
        with self._lock:
            if self._process != os.getpid():
                self._known, self._process = {}, os.getpid()
            found = self._known.get(asked)
        if found is not None and timedelta(0) <= now - found[1] < self._life:
            return found[0]
        key = self.protector.unwrap(epoch, wrapped, label)
        with self._lock:
            self._known[asked] = (key, now)
        return key

    def disable(self, epoch: int) -> None:
        self._forget(epoch)
        self.protector.disable(epoch)

    def schedule_destroy(self, epoch: int, at: datetime) -> datetime:
        self._forget(epoch)
        return self.protector.schedule_destroy(epoch, at)

    def destroy(self, epoch: int) -> None:
        self._forget(epoch)
        self.protector.destroy(epoch)

    def attest(self) -> Attestation:
        return self.protector.attest()

    def _forget(self, epoch: int) -> None:
        with self._lock:
            self._known = {asked: known for asked, known in self._known.items() if asked[0] != epoch}
