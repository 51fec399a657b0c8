"""Every way from one organisation to another, tried each hour by the two that were made for it (CIR-05).

| way        | what is tried                                                             |
|------------|---------------------------------------------------------------------------|
| edge       | pages, files and changes, through the public door (`trespass`)            |
| database   | rows, as the application's role (`rows`), and what the catalogue says     |
| own_tables | Garant's own tables, as its processes are (`own`)                         |
| keys       | what the other sealed (`keys_apart`)                                      |
| exports    | the access journal that an administrator takes away as a file             |

A way that fails is not checked, and the run says so; what another way let through is told all the same. Backups are the way that is
missing: this build makes none.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from garant.data.engines import keys_apart, own, rows, trespass
from garant.data.engines.apply import differences
from garant.data.engines.house import Connect
from garant.data.engines.trespass import Tried
from garant.data.engines.walk import Walker, hidden_fields, planted, shows, walker
from garant.data.policy.isolation import WALLS
from garant.data.policy.map import DataMap
from garant.data.policy.recipe import Recipe
from garant.drivers.process import Deadline
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.visitor import Resident, Residents

WAYS = ("edge", "database", "own_tables", "keys", "exports")
JOURNAL, EXPORT = "/.garant/en/console/journal/", "/.garant/en/console/journal/export.csv"
LAG = 12.0
"""Seconds that a line takes at most from the edge to the journal."""


@dataclass(frozen=True)
class Ground:
    """Where the ways lead. `connect`, `made`: the application's database and its data map, None where Garant does not know them; `role`:
    the application's; `roles`: Garant's own; `recipe`: None where the application has none; `keyring`: its socket."""

    residents: Residents
    connect: Connect | None = None
    made: Callable[[], DataMap] | None = None
    role: str = ""
    roles: Mapping[str, own.Enter] = field(default_factory=dict)
    recipe: Callable[[], Recipe] | None = None
    keyring: Path | None = None


@dataclass
class _Run:
    """What is gathered in one run."""

    ways: dict[str, Json] = field(default_factory=dict)
    errors: dict[str, Json] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    planted: bool = True

    def attempt(self, way: str, act: Callable[[], Tried]) -> None:
        try:
            self.ways[way] = act().fact()
        except EngineError as error:
            self.errors[way] = str(error)[:300]


class Isolation:
    """See above."""

    def __init__(self, deployment: Deployment, ground: Ground) -> None:
        self._deployment, self._ground = deployment, ground

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        """What each way let through. Raises EngineError when the two organisations cannot sign in."""
        run, ground = _Run(), self._ground
        recipe = ground.recipe() if ground.recipe else None
        with ground.residents() as residents:
            pair = [walker(self._deployment, each) for each in residents]
            ids = [each.tenant for each in residents]
            run.attempt("own_tables", lambda: self._own_tables(ids, run))
            run.attempt("keys", lambda: self._keys(residents, pair[0].mark))
            if recipe is not None:
                self._with_rows(pair, residents, recipe, run)
        facts: dict[str, Json] = {
            "ways": run.ways,
            "errors": run.errors,
            "faults": sorted(set(run.faults)),
            "absent": [way for way in WAYS if way not in run.ways and way not in run.errors],
            "backups": None,
        }
        return Observation(len(run.ways), len(WAYS), facts, Canary.HELD if run.planted else Canary.MISSED)

    def _with_rows(self, pair: Sequence[Walker], residents: Sequence[Resident], recipe: Recipe, run: _Run) -> None:
        """The ways that need something planted in the application."""
        try:
            with planted(pair, recipe):
                if self._ground.connect is not None and self._ground.made is not None:
                    run.attempt("database", lambda: self._database(residents, run))
                run.attempt("exports", lambda: _exports(pair))
                run.attempt("edge", lambda: trespass.through_the_door(self._deployment, pair, recipe))
        except EngineError as error:
            run.errors["edge"] = str(error)[:300]

    def _database(self, residents: Sequence[Resident], run: _Run) -> Tried:
        connect, made, ground = self._ground.connect, self._ground.made, self._ground
        if connect is None or made is None:
            raise EngineError("the application’s database is not known")
        known = made()
        columns = tuple(sorted({each.own_tenant for each in known.collections if each.own_tenant}))
        if not columns:
            raise EngineError("the data map names no table with a column of organisations")
        place = rows.Place(ground.role, columns, signed=known.context == "signed")
        with connect() as session:
            seen, found = rows.as_the_application(session, place, (residents[0].slug, residents[1].slug), self._deployment.clock.now())
        with connect() as session:
            run.faults += [
                f"{each.kind} {each.subject}" for each in differences(session, known, application=ground.role) if each.kind in WALLS
            ]
        run.planted &= found
        return seen

    def _own_tables(self, ids: Sequence[uuid.UUID], run: _Run) -> Tried:
        seen, faults = own.as_our_own(self._ground.roles, ids)
        run.faults += faults
        return seen

    def _keys(self, residents: Sequence[Resident], word: str) -> Tried:
        seen = keys_apart.as_the_vault([each.tenant for each in residents], word)
        if self._ground.keyring is not None:
            keys_apart.at_the_door(self._ground.keyring, [each.slug for each in residents], seen)
        return seen


def _exports(pair: Sequence[Walker]) -> Tried:
    """The journal of each as a file: it holds the paths of its own objects, and none of the other's."""
    seen = Tried()
    ids = [[value for name, value in each.known.items() if name not in ("mark", "secret", "other") and len(value) >= 16] for each in pair]
    if not all(ids):
        raise EngineError("the recipe finds no identifier by which a line of the journal could be told")
    for me, mine, others in ((pair[0], ids[0], ids[1]), (pair[1], ids[1], ids[0])):
        for _ in Deadline(LAG).tries(1.0):
            answer = me.browser.post(EXPORT, hidden_fields(me.browser.get(JOURNAL).text))
            if answer.status == 200 and any(shows(answer, each) for each in mine):
                seen.witness += 1
                break
        else:
            seen.blind.append("journal")
        seen.tries += 1
        if any(shows(answer, each) for each in others):
            seen.through.append("journal")
    return seen
