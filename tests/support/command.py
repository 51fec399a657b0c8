"""The `garant` command as a process of its own, with nothing of the test run's environment."""

import os
import subprocess
import sys
from pathlib import Path

from support.world import ROOT


def garant(*words: str, data: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end. `more`: further environment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GARANT_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "garant", *words, "--data", str(data)],
        env={**inherited, "PYTHONPATH": str(ROOT / "src"), **more},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
