"""`garant test` and `garant bench`: for those who change Garant."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from garant.kernel.errors import InputError
from garant.project.provision import SOURCES

ROOT = SOURCES.parent
BIN = Path(sys.executable).parent
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("formatting", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    ("style", (str(BIN / "ruff"), "check", "--quiet", ".")),
    ("types", (str(BIN / "mypy"),)),
    ("directions of imports", (str(BIN / "lint-imports"), "--no-cache")),
    ("missing migrations", (sys.executable, "-W", "ignore::RuntimeWarning", "-m", "django", "makemigrations", "--check", "--dry-run")),
    ("translations", (sys.executable, "-m", "garant.project.checks", "translations")),
)
TESTS = (sys.executable, "-m", "pytest")

test_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
bench_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@test_app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(
    context: typer.Context,
    only: Annotated[bool, typer.Option("--tests-only", help="Leave the checks out, run pytest.")] = False,  # noqa: PT028 - a command, not a test
) -> None:
    """Run every check, then every test; further words go to pytest (for example: garant test -k login).

    Formatting, style, types, directions of imports, missing migrations, translations, tests: each is named, timed and run even when
    one before it failed. GARANT_LONG=1 adds the tests that run for minutes (marked `long`); benchmarks have `garant bench`.

    Exit codes: 0 everything passed; 1 something did not: all of it has been shown, not only the first.
    """
    failed = [] if only else [name for name, command in CHECKS if not _passes(name, command)]
    if not _passes("tests", (*TESTS, *context.args), settled=False):
        failed.append("tests")
    print(f"== failed: {', '.join(failed)}" if failed else "== everything passed", flush=True)
    raise typer.Exit(1 if failed else 0)


@bench_app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a file in tests/bench, without .py; `list` shows them.")],
) -> None:
    """Run one benchmark; it prints ratios measured in one run on this machine. Further words go to it.

    Exit codes: those of the benchmark; 2 there is none of this name.
    """
    place = ROOT / "tests" / "bench"
    known = sorted(path.stem for path in place.glob("*.py") if not path.stem.startswith("_"))
    if name == "list":
        print("\n".join(known))
        return
    if name not in known:
        raise InputError(f"there is no benchmark {name!r}; write one of {', '.join(known) or '(none yet)'}")
    done = subprocess.run([sys.executable, str(place / f"{name}.py"), *context.args], cwd=ROOT, env=_environment(), check=False)
    raise typer.Exit(done.returncode)


def _passes(name: str, command: Sequence[str], *, settled: bool = True) -> bool:
    print(f"== {name}: {' '.join(Path(word).name if word.startswith('/') else word for word in command)}", flush=True)
    began = time.monotonic()
    status = subprocess.run(command, cwd=ROOT, env=_environment(settled=settled), check=False).returncode
    print(f"   {name}: {'passed' if status == 0 else f'FAILED with status {status}'} in {time.monotonic() - began:.1f} s", flush=True)
    return status == 0


def _environment(*, settled: bool = False) -> dict[str, str]:
    """What a check is told. `settled`: with Django's settings and no deployment; tests choose both for themselves."""
    ours = ("GARANT_", "DJANGO_")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(ours) or key == "GARANT_LONG" or key.startswith("GARANT_BENCH")
    }
    named = {"DJANGO_SETTINGS_MODULE": "garant.project.settings", "GARANT_DATA": "/nonexistent"} if settled else {}
    return {**kept, "PYTHONPATH": f"{SOURCES}:{ROOT / 'tests'}", **named}
