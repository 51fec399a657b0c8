"""`garant test` itself: every gate runs, in order, and one that fails turns the end."""

import re
import sys

import pytest
from typer.testing import CliRunner

from garant.project.cli import develop

GOOD, BAD = (sys.executable, "-c", "pass"), (sys.executable, "-c", "raise SystemExit(3)")


def test_the_gates_are_these_and_in_this_order() -> None:
    assert [name for name, _ in develop.CHECKS] == [
        *("formatting", "style", "types", "directions of imports", "missing migrations", "translations")
    ]
    words = [" ".join(command) for _, command in develop.CHECKS]
    for word, expected in zip(
        words, ("ruff format --check", "ruff check", "mypy", "lint-imports", "makemigrations --check", "translations"), strict=True
    ):
        assert expected in word


def test_everything_passes(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(develop, "CHECKS", (("one", GOOD), ("two", GOOD)))
    monkeypatch.setattr(develop, "TESTS", (sys.executable, "-c", "import sys; print('2 passed', sys.argv[1:])"))
    done = CliRunner().invoke(develop.test_app, ["-k", "login"])
    said = capfd.readouterr().out + done.output
    assert done.exit_code == 0
    assert "2 passed ['-k', 'login']" in said
    assert "== everything passed" in said
    assert re.search(r"one: passed in \d+\.\d s", said)


@pytest.mark.parametrize("broken", ["one", "two", "tests"])
def test_one_failure_turns_the_end_and_hides_no_other_gate(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], broken: str
) -> None:
    monkeypatch.setattr(develop, "CHECKS", tuple((name, BAD if name == broken else GOOD) for name in ("one", "two")))
    monkeypatch.setattr(develop, "TESTS", BAD if broken == "tests" else GOOD)
    done = CliRunner().invoke(develop.test_app, [])
    said = capfd.readouterr().out + done.output
    assert done.exit_code == 1
    assert f"== failed: {broken}\n" in said
    assert re.search(rf"{broken}: FAILED with status 3 in \d", said)
    assert len(re.findall(r": passed in ", said)) == 2


def test_the_checks_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(develop, "CHECKS", (("one", BAD),))
    monkeypatch.setattr(develop, "TESTS", GOOD)
    assert CliRunner().invoke(develop.test_app, ["--tests-only"]).exit_code == 0


def test_long_tests_and_the_sizes_of_benchmarks_are_told_on_and_nothing_else_of_ours_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GARANT_LONG", "1")
    monkeypatch.setenv("GARANT_BENCH_MANY", "1000000")
    monkeypatch.setenv("GARANT_DATABASE_URL", "postgresql://db/garant")
    held = develop._environment()
    assert (held["GARANT_LONG"], held["GARANT_BENCH_MANY"]) == ("1", "1000000")
    assert "GARANT_DATABASE_URL" not in held


def test_the_tests_choose_their_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest reads settings before the tests' own place exists: it must not be told of any."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "garant.project.settings")
    assert not {"DJANGO_SETTINGS_MODULE", "GARANT_DATA"} & set(develop._environment())
    assert develop._environment(settled=True)["DJANGO_SETTINGS_MODULE"] == "garant.project.settings"
