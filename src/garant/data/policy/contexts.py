"""How a transaction of the protected application says whose it is, for the measure that tries it. Pure.

*Signed*: `garant.ctx = v1|tenant|actor|purpose|expiry|hmac`. Measures cannot make one: a function of the application's database signs for
the two organisations made for probing, and for no other.
*Plain*: `app.tenant`, which any SQL of the application can set: a false context cannot be told from a true one, so none is tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from garant.kernel.canonical import Json

SIGNED, PLAIN = "garant.ctx", "app.tenant"


@dataclass(frozen=True)
class Contexts:
    """`own`: organisation to a context that holds, empty where none could be had. `expired`: organisation to one that held once.
    `signed`: whether the database asks for a signature."""

    own: Mapping[str, str]
    expired: Mapping[str, str]
    signed: bool = True

    def of(self, tenant: str) -> Mapping[str, str] | None:
        """The settings of a transaction of this organisation."""
        if not self.signed:
            return {PLAIN: tenant}
        return {SIGNED: self.own[tenant]} if tenant in self.own else None

    def false(self, mine: str, other: str, now: datetime) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Settings that must show nothing of `other`, each with its name."""
        if not self.signed:
            return ()
        said = f"v1|{other}|garant-probe|isolation|{int(now.timestamp()) + 60}"
        found = [
            ("unsigned", {SIGNED: f"{said}|"}),
            ("forged", {SIGNED: f"{said}|{'0' * 64}"}),
            ("plain", {PLAIN: other}),
        ]
        if mine in self.own:
            found.append(("altered", {SIGNED: self.own[mine].replace(f"|{mine}|", f"|{other}|", 1)}))
        if other in self.expired:
            found.append(("replayed", {SIGNED: self.expired[other]}))
        return found


def fact(contexts: Contexts) -> Json:
    """What the page says of it."""
    return "signed" if contexts.signed else "plain"
