"""`python edge_process.py agent|collector RUN [PORT]`: the edge's processes as the product runs them, on a test's directories."""

import signal
import sys
import threading
from pathlib import Path

import django

django.setup()

from garant.drivers.haproxy import Runtime  # noqa: E402 - after setup
from garant.edge.agent import Agent  # noqa: E402
from garant.edge.collector import Collector, listen  # noqa: E402
from garant.edge.engines.haproxy import Places  # noqa: E402
from garant.kernel.clock import SystemClock  # noqa: E402

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
places = Places(Path(sys.argv[2]))
if sys.argv[1] == "agent":
    Agent("edge-1", places, SystemClock()).run(stop.is_set)
else:
    with listen(int(sys.argv[3])) as listener:
        Collector("edge-1", SystemClock(), Runtime(places.runtime)).run(listener, stop.is_set)
