"""Which ports the processes of this deployment hold: told to those of them that may not look (INT-48, INT-49).

Processes that give up root's rights, and those of another user, cannot be looked into by the service user, under which measures run.
The supervisor, which started them all, may: it looks every few seconds and counts its looks, so that a reader can wait for one that
began after its question.
"""

import os
from pathlib import Path

from garant.drivers import tls_probe
from garant.drivers.process import Deadline
from garant.kernel.errors import EngineError
from garant.project.runtime import Runtime

PERIOD = 5.0
"""Seconds between two looks."""


class Sockets:
    """One look in each period, written to <data>/run/sockets.json. Only one thread calls it."""

    def __init__(self, data: Path) -> None:
        self._runtime = Runtime(data)
        self._looks = 0
        self._next = Deadline(0)

    def tend(self) -> None:
        """Look when it is time. What cannot be read or written is left out: without news, readers conclude nothing."""
        if not self._next.passed():
            return
        self._next = Deadline(PERIOD)
        self._looks += 1
        try:
            held = tls_probe.held(tls_probe.descendants([os.getpid()]))
            self._runtime.write_sockets({"looks": self._looks, "supervisor": os.getpid(), "held": sorted(held)})
        except (OSError, EngineError):
            return
