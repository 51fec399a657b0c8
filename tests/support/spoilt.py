"""The edge spoilt behind Garant's back: its configuration or certificate changed on the disk and loaded, then put back and loaded again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from garant.drivers.haproxy import Master
from support.world import World, wait_until

SHEET = "/.garant/static/web/base.css"


@contextmanager
def configuration(world: World, *changes: tuple[str, str]) -> Iterator[None]:
    """Each change replaces a part of the edge's configuration that must be there."""
    path = world.data / "run" / "haproxy.cfg"
    before = path.read_text(encoding="utf-8")
    spoilt = before
    for old, new in changes:
        assert old in spoilt, f"the configuration has no {old!r}"
        spoilt = spoilt.replace(old, new, 1)
    with _loaded(world, path, spoilt.encode()):
        yield


@contextmanager
def certificate(world: World, pem: Path) -> Iterator[None]:
    """Another certificate with its key is served."""
    (served,) = (world.data / "run" / "certs").iterdir()
    with _loaded(world, served, pem.read_bytes()):
        yield


@contextmanager
def answers(world: World, condition: str, kind: str, content: str) -> Iterator[None]:
    """The edge itself answers `content` where `condition` (of HAProxy) holds, before anything else is asked."""
    page = world.data / "run" / "spoilt.page"
    page.write_text(content, encoding="utf-8")
    page.chmod(0o644)
    rule = f'\n    http-request return status 200 content-type "{kind}" file {page} if {condition}\n'
    path = world.data / "run" / "haproxy.cfg"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("frontend edge")
    bind = next(line for line in lines[start:] if line.strip().startswith("bind "))
    try:
        # HAProxy answers by itself with what fits its buffer, 16 KB by default.
        with configuration(world, ("global\n", "global\n    tune.bufsize 131072\n"), (bind, bind + rule)):
            yield
    finally:
        page.unlink()


@contextmanager
def sheet(world: World, added: str) -> Iterator[None]:
    """Every page's style sheet has these lines more."""
    served = world.visit("", SHEET)
    assert served.status == 200, served.status
    with answers(world, f"{{ path {SHEET} }}", "text/css", f"{served.text}\n{added}\n"):
        yield


@contextmanager
def _loaded(world: World, path: Path, content: bytes) -> Iterator[None]:
    before = path.read_bytes()
    _write(path, content)
    try:
        _reload(world)
        yield
    finally:
        _write(path, before)
        _reload(world)


def _write(path: Path, content: bytes) -> None:
    """In place: owner and mode stay."""
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        os.fsync(file.fileno())


def _reload(world: World) -> None:
    """Load the configuration as an intruder with root's rights would, and wait for the new worker."""
    master = Master(world.data / "run" / "master.sock")
    old = {worker.pid for worker in master.workers()}
    master.reload()
    wait_until(lambda: any(worker.current and worker.pid not in old for worker in master.workers()), "HAProxy to load what was changed", 30)
    wait_until(lambda: world.runtime("show info").startswith("Name"), "the new worker", 10)
