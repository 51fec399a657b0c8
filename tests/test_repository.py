"""What a stranger who clones the repository must not find: paths of a machine, hosts of package registries, private keys."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MACHINE = re.compile(r"(?<![\w.~])/(?:home|root|Users|work|mnt|workspace)/[A-Za-z0-9_.-]+")
REGISTRY = re.compile(r"\b(?:files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|deb\.debian\.org|test\.pypi\.org)\b")
KEY = re.compile("-----BEGIN (?:EC |RSA |OPENSSH )?" + "PRIVATE KEY-----")


def tracked() -> list[Path]:
    """Text files under version control; without one (an archive), every source file."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        names = [str(path.relative_to(ROOT)) for place in ("src", "tests", "docs", "examples") for path in (ROOT / place).rglob("*")]
    else:
        names = [name for name in listed.stdout.split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


@pytest.mark.parametrize(("pattern", "what"), [(MACHINE, "a path of one machine"), (REGISTRY, "a registry's host"), (KEY, "a private key")])
def test_no_file_holds(pattern: re.Pattern[str], what: str) -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path == Path(__file__):
            continue
        found += [f"{path.relative_to(ROOT)}: {hit.group(0)}" for hit in pattern.finditer(text)]
    assert found == [], what


def test_the_command_is_executable_and_plain_sh() -> None:
    command = ROOT / "garant"
    assert command.stat().st_mode & 0o111
    assert command.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", str(command)], check=False).returncode == 0


def test_compiled_catalogues_are_not_kept() -> None:
    assert [path for path in tracked() if path.suffix == ".mo"] == []
