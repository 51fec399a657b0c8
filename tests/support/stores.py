"""Measures of stores without a deployment, and the state of one measure inside one."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from garant.data.engines.objects import Buckets
from garant.data.engines.stores import Engines
from garant.data.policy import map_judges
from garant.data.promises.map import CLOSED, ENGINE
from garant.drivers.s3 import Credentials
from garant.kernel.clock import SystemClock
from garant.kernel.promise import Keeper, Promise
from garant.kernel.verdicts import Verdict
from support.evidence import NOON
from support.once import Runs
from support.world import World

HEAD = "dataset:\n- fides_key: elsewhere\n  collections: []\n  garant:\n    stores:\n"


def written(directory: Path, stores: Sequence[tuple[str, str, str]], *, engine: str = "other") -> Path:
    """A map of stores alone: name, kind and place of each."""
    path = directory / "garant-map.yaml"
    lines = [f'    - {{name: {name}, kind: {kind}, engine: {engine}, where: "{where}"}}\n' for name, kind, where in stores]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    return path


def stores_at(directory: Path, stores: Sequence[tuple[str, str, str]]) -> tuple[Runs, Keeper]:
    """A log in memory and the measure of engines on these stores."""
    return Runs(NOON), Keeper(ENGINE, Engines({}, written(directory, stores)), map_judges.engine)


def buckets_at(directory: Path, where: str, credentials: Credentials | None) -> tuple[Runs, Keeper]:
    """The same with the measure of closed buckets."""
    path = written(directory, [("attachments", "objects", where)], engine="s3")
    return Runs(NOON), Keeper(CLOSED, Buckets(path, credentials, SystemClock()), map_judges.closed)


def seen(runs: Runs, promise: Promise, keeper: Keeper) -> Verdict:
    """The verdict of one more run, a minute later."""
    runs.clock.advance(timedelta(minutes=1))
    return runs.kept(promise, keeper).verdict


def measured(world: World, key: str) -> str:
    """The state of one promise of the deployment, measured now."""
    return str(world.steward("worker").ask("keep_promise", key=key))
