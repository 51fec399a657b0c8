"""`./garant up` to the first served request, once installed: `garant bench start`. The goal is 20 s; nothing is asserted.

    first start     a new data directory: database, keys, demonstration
    second start    the same directory again

Served: the trust page answers 200 through the edge, its certificate verified; `everything` when every process says that it serves.
Environment: GARANT_BENCH_ROUNDS (1) new directories.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from garant.drivers.http_probe import HttpProbe  # noqa: E402 - the path above
from garant.kernel.errors import EngineError  # noqa: E402
from support.world import BASE, free_port  # noqa: E402

ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "1"))
LIMIT = 300.0


def serves(data: Path, port: int) -> bool:
    probe = HttpProbe(connect="127.0.0.1", port=port, authority=data / "tls" / "ca.pem", limit=4_000_000)
    with suppress(OSError, EngineError):
        return probe.ask(BASE, "/fr/").status == 200
    return False


def everything(data: Path) -> bool:
    with suppress(OSError, ValueError):
        processes = json.loads((data / "run" / "state.json").read_text())["processes"]
        return bool(processes) and all(each["state"] == "serving" for each in processes.values())
    return False


def start(data: Path, https: int, http: int) -> tuple[float, float]:
    """Seconds to the first served page and to the last process that serves; stopped afterwards."""
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GARANT_", "DJANGO_"))}
    command = [str(ROOT / "garant"), "up", "--data", str(data), "--https", str(https), "--http", str(http)]
    with (data / "up.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=ROOT)
    first = last = 0.0
    try:
        while not (first and last):
            assert process.poll() is None, (data / "up.log").read_text(errors="replace")[-2000:]
            assert time.monotonic() - began < LIMIT, f"nothing served within {LIMIT:.0f} s"
            if not first and serves(data, https):
                first = time.monotonic() - began
            if first and everything(data):
                last = time.monotonic() - began
            time.sleep(0.05)
        return first, last
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def main() -> None:
    taken: dict[str, list[tuple[float, float]]] = {"first start": [], "second start": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="garant-bench-", ignore_cleanup_errors=True) as directory:
            data, https, http = Path(directory), free_port(), free_port()
            data.chmod(0o755)
            for name, times in taken.items():
                times.append(start(data, https, http))
                print("{}: {:.1f} s, everything {:.1f} s".format(name, *times[-1]), flush=True)
    print(f"{'':<14}{'first served request':>22}{'everything':>12}   (median seconds of {ROUNDS})")
    for name, times in taken.items():
        page, whole = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"{name:<14}{page:>22.1f}{whole:>12.1f}")
    print("load of the machine, 1 and 5 minutes: {:.1f} {:.1f}".format(*os.getloadavg()))


if __name__ == "__main__":
    main()
