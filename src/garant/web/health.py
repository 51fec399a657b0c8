"""Whether the processes of this machine run, from what the supervisor wrote down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from garant.kernel.canonical import Json


@dataclass(frozen=True)
class Process:
    """One process. `state`: what the supervisor said of it (`serving`, `starting`, `down`…); `since`: UTC, None when it never started."""

    name: str
    state: str
    since: datetime | None
    restarts: int

    @property
    def serving(self) -> bool:
        return self.state == "serving"

    @property
    def word(self) -> str:
        """The state in the language of the page."""
        known = {
            "serving": gettext("serves"),
            "starting": gettext("starts"),
            "waiting": gettext("waits for another"),
            "down": gettext("down"),
        }
        return known.get(self.state, self.state)


def processes(state: Any) -> list[Process]:
    """What runs on this machine, by name, the ones in trouble first; empty where another supervisor (systemd) watches."""
    found = [_process(name, facts) for name, facts in dict(state.get("processes", {})).items()]
    return sorted(found, key=lambda each: (each.serving, each.name))


def _process(name: str, facts: dict[str, Json]) -> Process:
    started, restarts = facts.get("started"), facts.get("restarts")
    since = datetime.fromisoformat(started) if isinstance(started, str) else None
    return Process(name, str(facts.get("state") or "serving"), since, restarts if isinstance(restarts, int) else 0)
