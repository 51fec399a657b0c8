"""The `garant` command: one table of verbs, each in a module of its own that is loaded only when it is called.

Exit codes, the same for all: 0 done; 1 looked and found something wrong (a broken verdict, a failed check, a failed test); 2 could not
be done, for a reason said in one line; 3 something must be installed first (said by the bootstrap); 130 interrupted.
"""

import contextlib
import errno
import importlib
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import django
import psycopg
from django.db import DatabaseError
from psycopg_pool import PoolTimeout

from garant.drivers.process import reachable, service_user
from garant.kernel.canonical import moment
from garant.kernel.clock import SystemClock
from garant.kernel.errors import GarantError, InputError
from garant.project.provision import SOURCES

DISK = {errno.ENOSPC: "no space is left on its disk", errno.EDQUOT: "its disk quota is used up", errno.EROFS: "its disk is read-only"}
ADVICE = "; free some space, or choose another directory with --data"
LIVING = ("keep", "verdicts", "worker", "tenant", "settle")
"""Verbs that have nothing to do before a deployment was made."""
CODES = __doc__.split("\n\n")[1]


@dataclass(frozen=True)
class Verb:
    """`module` holds `app`, a typer application. `role`: database role when Django is needed, '' when it is not."""

    module: str
    role: str
    text: str


VERBS = {
    "up": Verb("up", "", "start everything on this machine and keep it running until Ctrl-C"),
    "init": Verb("init", "", "write garant.toml, make the data directory and the database; --systemd writes units"),
    "keep": Verb("keep", "worker", "measure promises and publish verdicts (--once: all of them now, then end)"),
    "verdicts": Verb("verdicts", "worker", "what every sentence of a statement is worth now, with its reason"),
    "edge": Verb("edge", "edge", "show the edge's compiled configuration; run its agent or its collector"),
    "worker": Verb("worker", "worker", "run jobs from the queues"),
    "seek": Verb("seek", "worker", "answer the measures that look for their words in what lies on disk (started by up)"),
    "tenant": Verb("tenant", "web", "add, list, suspend and resume organisations"),
    "place": Verb("place", "web", "where data are and may be: check, list, try, place an organisation"),
    "map": Verb("map", "worker", "the data map: propose, check, show, put in force, seal a column"),
    "key": Verb("key", "web", "keys: list, order, approve, execute, rotate, back up and restore the key store"),
    "settle": Verb("settle", "web", "what `up` does before the first visit: tenants, people, statements, keys"),
    "doctor": Verb("doctor", "", "say in words what is wrong and what to do"),
    "bench": Verb("bench", "", "run one of the benchmarks in tests/bench"),
    "test": Verb("test", "", "run every check and every test"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and exit with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        sys.exit(0)
    verb = VERBS.get(words[0])
    if verb is None:
        print(f"garant: there is no command {words[0]!r}; write one of {', '.join(VERBS)}", file=sys.stderr)
        sys.exit(2)
    try:
        if not {"-h", "--help"} & set(words):
            os.environ["GARANT_DATA"] = str(place := data_directory(words))
            if words[0] in LIVING and not place.is_dir():
                raise InputError(f"there is no data directory {place}; `garant up` and `garant init` make one (--data, or GARANT_DATA)")
        if verb.role:
            os.environ.setdefault("GARANT_ROLE", verb.role)
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garant.project.settings")
            django.setup()
        app = importlib.import_module(f"garant.project.cli.{verb.module}").app
        app(args=without_data(words[1:]), prog_name=f"garant {words[0]}")
    except GarantError as error:
        full = os.strerror(errno.ENOSPC) in str(error)  # what a program of somebody else said of it
        print(f"garant: {disk_full() if full else error}", file=sys.stderr)
        sys.exit(2)
    except (DatabaseError, psycopg.Error, PoolTimeout) as error:
        keep_trace(aloud="GARANT_SUPERVISED" in os.environ)
        said = str(error).strip().splitlines() or ["no answer"]
        print(
            f"garant: the database does not do what it is asked ({said[0]}); is `garant up` running on this data directory?",
            file=sys.stderr,
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        why = disk_trouble(error)
        if not why:
            unforeseen(words[0], error)
        print(f"garant: {why}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - the outermost place of a command: what nobody foresaw becomes a sentence too
        unforeseen(words[0], error)


def unforeseen(verb: str, error: Exception) -> NoReturn:
    """Ends a command by an error that nobody thought of, in a sentence; its trace is kept."""
    place = keep_trace()
    print(f"garant: {verb} failed in a way that was not foreseen: {type(error).__name__}: {error}{place}", file=sys.stderr)
    sys.exit(2)


def disk_trouble(error: OSError) -> str:
    """What keeps a file from being written, in words: a full disk or quota, or one that is read-only; empty for any other error."""
    inside = [str(each[-1]) for each in error.args[0]] if isinstance(error, shutil.Error) and isinstance(error.args[0], list) else []
    number = error.errno or next((number for number in DISK for text in inside if f"[Errno {number}]" in text), None)
    if number not in DISK:
        return ""
    place = error.filename or os.environ.get("GARANT_DATA", "the data directory")
    return f"{place} cannot be written: {DISK[number]}{ADVICE}"


def disk_full() -> str:
    """The same, of the data directory."""
    return disk_trouble(OSError(errno.ENOSPC, ""))


def keep_trace(*, aloud: bool = True) -> str:
    """Keep the trace of the present error; where it is, in words. A supervised process writes to its log, a command to logs/commands.log.

    Where that cannot be written it is shown, unless the error is a foreseen one (`aloud` False), as a database that is not running.
    """
    trace = traceback.format_exc()
    place = Path(os.environ.get("GARANT_DATA", "")) / "logs" / "commands.log"
    if "GARANT_SUPERVISED" not in os.environ:
        with contextlib.suppress(OSError), place.open("a", encoding="utf-8") as file:
            file.write(f"{moment(SystemClock().now())} {' '.join(sys.argv[1:2])}\n{trace}")
            return f" (the trace is in {place})"
    if aloud:
        print(trace, file=sys.stderr)
    return ""


def usage() -> str:
    """The list of commands."""
    width = max(map(len, VERBS))
    lines = "\n".join(f"  {name:<{width}}  {verb.text}" for name, verb in VERBS.items())
    return (
        "garant: keeps the promises of a security statement, and proves it\n\n"
        f"  garant COMMAND [OPTIONS]      garant COMMAND --help\n\n{lines}\n\n"
        "Every command takes --data DIR (or GARANT_DATA): the data directory, by default `var` beside the program.\n"
        f"{CODES}"
    )


def without_data(words: Sequence[str]) -> list[str]:
    """The words without `--data DIR`, which was read already: it may stand anywhere."""
    left, skip = [], False
    for word in words:
        if skip or word.startswith("--data="):
            skip = False
        elif word == "--data":
            skip = True
        else:
            left.append(word)
    return left


def data_directory(words: Sequence[str]) -> Path:
    """The data directory: `--data DIR` among the words, GARANT_DATA, `var` beside the program, or /var/lib/garant.

    The last one, said aloud, when we are root and a closed directory above keeps the service user out.
    """
    for position, word in enumerate(words):
        if word.startswith("--data="):
            return Path(word.removeprefix("--data=")).absolute()
        if word == "--data" and position + 1 < len(words):
            return Path(words[position + 1]).absolute()
    if os.environ.get("GARANT_DATA"):
        return Path(os.environ["GARANT_DATA"]).absolute()
    root = SOURCES.parent
    if not (root / "pyproject.toml").exists():
        return Path("var").absolute()
    if os.geteuid() == 0 and not reachable(root, service_user()):
        print(f"garant: the service user cannot enter {root}, so data are in /var/lib/garant (--data chooses another)", file=sys.stderr)
        return Path("/var/lib/garant")
    return root / "var"
