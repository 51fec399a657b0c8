"""A small statement with its own registry, and keepers that the test commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from django.conf import settings

from garant.kernel.promise import Check, Keeper, Measure, Method, Observation, Promise, Unmeasured
from garant.kernel.text import Text
from support.evidence import Door, judge

FRONT = Promise("test.door", {"side": "front"})
BACK = Promise("test.door", {"side": "back"})

DOCUMENT = """\
[statement]
slug = "maison"
title = { fr = "La maison", en = "The house" }
dated = 2026-10-15

[[chapter]]
key = "doors"
title = { fr = "Les portes", en = "The doors" }

[[claim]]
id = "MAI-01"
chapter = "doors"
class = "E"
family = "DOOR"
fr = "La porte d’en avant est fermée."
en = "The front door is shut."
control = "test.door"
parameters = { side = "front" }

[[claim]]
id = "MAI-02"
chapter = "doors"
class = "E"
family = "DOOR"
fr = "Toutes les portes sont fermées et la cave est sèche."
en = "All doors are shut and the cellar is dry."
controls = [
    { key = "test.door", parameters = { side = "front" } },
    { key = "test.door", parameters = { side = "back" } },
]

[[claim]]
id = "MAI-03"
chapter = "doors"
class = "M"
family = "CELLAR"
fr = "La cave est sèche."
en = "The cellar is dry."
control = "test.cellar"

[[claim]]
id = "MAI-04"
chapter = "doors"
class = "A"
family = "ROOF"
fr = "Le toit est neuf."
en = "The roof is new."
unbuilt = { fr = "Personne n’y est monté.", en = "Nobody went up." }

[[claim.note]]
tls = ["legacy"]
fr = "Selon le profil ancien."
en = "By the legacy profile."

[[claim.note]]
fr = "Une note pour tous."
en = "A note for all."
"""


class House:
    """One commanded door per side, and the registry that measures them."""

    def __init__(self, *, canary: bool = False, vantage: str = "host") -> None:
        self.doors = {"front": Door(), "back": Door()}
        self.measure = Measure(
            "shut",
            Text("Porte fermée", "Door shut"),
            Method.TEST,
            cadence=timedelta(hours=1),
            grace=timedelta(minutes=10),
            freshness=timedelta(hours=2),
            canary=canary,
            vantage=vantage,
            check=Check("knock https://{tenant}/", Text("Rien ne s’ouvre.", "Nothing opens.")),
        )

    @property
    def registry(self) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
        cellar = Unmeasured("cellar", Text("Cave", "Cellar"), Text("Aucun hygromètre.", "No hygrometer."))
        return {"test.door": [Keeper(self.measure, self, judge)], "test.cellar": [cellar]}

    def apply(self, promise: Promise) -> Sequence[str]:
        return self._door(promise).apply(promise)

    def observe(self, promise: Promise) -> Observation:
        return self._door(promise).observe(promise)

    def _door(self, promise: Promise) -> Door:
        return self.doors[str(promise.parameters["side"])]


_installed: list[House] = []

ROWS = (
    "statement_measure_verdict, statement_claim_interval, statement_exception, statement_evidence, statement_version, statement_statement"
)
"""Every table of the area: what a test that commits empties afterwards."""


def current() -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """What `settings.PROMISE_REGISTRY` names while a house is installed."""
    return _installed[-1].registry


def install(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this house's registry in the place of the deployment's."""
    monkeypatch.setattr(settings, "PROMISE_REGISTRY", "support.statements.current")
    _installed.append(house)
