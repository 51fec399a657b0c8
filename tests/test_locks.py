"""The locks hold every package by hash and name no host: they install from wherever the machine is told to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = {"requirements.lock": 20, "requirements-dev.lock": 20, "requirements-bench.lock": 2}  # name to what it holds at least


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for word in ("://", "file:", "find-links", "index", "trusted-host"):
        assert word not in text, word


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_is_pinned_by_hash(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > LOCKS[name]
    for line in lines:
        assert re.match(r"^[A-Za-z0-9._-]+(\[[a-z0-9,]+\])?==\S+ ", line), line[:80]
        assert "--hash=sha256:" in line, line[:80]


def test_the_development_lock_holds_the_run_lock() -> None:
    """`up` after `test` must not install again: the same versions are in both."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([A-Za-z0-9._-]+==[^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in", "requirements-bench.in"])
def test_what_is_asked_for_is_what_is_locked(name: str) -> None:
    lock = (ROOT / name).with_suffix(".lock").read_text(encoding="utf-8").lower()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-")):
            package, _, version = line.partition("==")
            wanted = f"{package.split('[')[0].lower()}=={version}"
            assert re.search(rf"^{re.escape(wanted)}[ ;\\]", lock, re.MULTILINE), wanted
