"""Compiles the message catalogues (.po to .mo) that are newer than their compiled form. Run by the bootstrap; needs no system package.

python -m garant.project.catalogues DIRECTORY...
"""

import os
import sys
from pathlib import Path

import polib


def compile_catalogues(*roots: Path) -> list[Path]:
    """Compile every stale `LC_MESSAGES/*.po` below `roots` and return the files written. A fuzzy message is left out, as gettext does."""
    written = []
    for root in roots:
        for source in sorted(root.rglob("LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            temporary = target.with_name(f".{target.name}.{os.getpid()}")
            polib.pofile(str(source)).save_as_mofile(str(temporary))
            temporary.replace(target)
            written.append(target)
    return written


if __name__ == "__main__":
    compile_catalogues(*(Path(argument) for argument in sys.argv[1:]))
