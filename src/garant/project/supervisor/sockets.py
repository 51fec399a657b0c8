"""Which ports the processes of this deployment hold, and to whom they speak: told to those of them that may not look (INT-26, 48, 49).

Processes that give up root's rights, and those of another user, cannot be looked into by the service user, under which measures run.
The supervisor, which started them all, may: it looks every few seconds and counts its looks, so that a reader can wait for one that
began after its question. It holds a connection to itself, which each look must show: the planted fault of the measure that reads it.
"""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from garant.drivers import connections, tls_probe
from garant.drivers.process import Deadline
from garant.kernel.errors import EngineError
from garant.project.runtime import Runtime

PERIOD = 5.0
"""Seconds between two looks."""
MEMORY = 75.0
"""Seconds during which a connection that was seen is told: longer than the measure that reads it waits between two runs."""


class Sockets:
    """One look in each period, written to <data>/run/sockets.json. Only one thread calls it."""

    def __init__(self, data: Path) -> None:
        self._runtime = Runtime(data)
        self._looks = 0
        self._next = Deadline(0)
        self._spoken: dict[tuple[str, int, str], float] = {}
        self._pair: tuple[socket.socket, ...] = ()

    def tend(self) -> None:
        """Look when it is time. What cannot be read or written is left out: without news, readers conclude nothing."""
        if not self._next.passed():
            return
        self._next = Deadline(PERIOD)
        self._looks += 1
        try:
            pids = tls_probe.descendants([os.getpid()])
            held = tls_probe.held(pids)
            spoken = self._speak(pids)
            seen = {"looks": self._looks, "supervisor": os.getpid(), "held": sorted(held), "canary": self._planted(), "spoken": spoken}
            seen["opaque"] = len(tls_probe.opaque(pids))
            self._runtime.write_sockets(seen)
        except (OSError, EngineError):
            return

    def _speak(self, pids: frozenset[int]) -> list[dict[str, Any]]:
        """To whom they spoke lately: address, port, the name of the process, whether the other end is ours as well."""
        self._planted()
        names = self._names()
        now = time.monotonic()
        current = {(each.address, each.port, names(each.pid)) for each in connections.outgoing(pids) if not each.own}
        self._spoken = {key: seen for key, seen in self._spoken.items() if now - seen < MEMORY} | dict.fromkeys(current, now)
        return [{"address": address, "port": port, "process": process} for address, port, process in sorted(self._spoken)]

    def _names(self) -> Callable[[int], str]:
        """From a process to the name of the child of ours from which it descends."""
        known: dict[int, str] = {
            entry["pid"]: name for name, entry in self._runtime.state().get("processes", {}).items() if entry.get("pid")
        }
        above = connections.parents()

        def name(pid: int) -> str:
            while pid and pid not in known:
                pid = above.get(pid, 0)
            return known.get(pid, "supervisor")

        return name

    def _planted(self) -> list[int]:
        """Both ports of a connection from this process to itself, at which nobody listens any more; made at the first look."""
        if not self._pair:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                near = socket.create_connection(listener.getsockname(), timeout=5)
                self._pair = (near, listener.accept()[0])
        return sorted(int(each.getsockname()[1]) for each in self._pair)
