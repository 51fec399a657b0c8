"""Each of two residents tries to read and to change what the other planted, through the public door.

| way        | what is tried                                                                                         |
|------------|-------------------------------------------------------------------------------------------------------|
| own_host   | the other's object addresses, on one's own host, with one's own session                               |
| other_host | the other's host, with one's own session                                                              |
| headers    | one's own session, and headers that claim the other organisation                                      |
| assertion  | the other's host without a session, with forged identity headers and an assertion signed by nobody    |
| change     | the other's row and file, on either host: they must still be as they were afterwards                  |

A try is *through* when the answer holds the other's mark, or when the other's row is no longer what it was. An answer that the door or
the application could not give (429, 5xx) is *unclear*: it proves nothing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from garant.data.engines.walk import Walker, shows, take
from garant.data.policy.recipe import Recipe, Step
from garant.drivers.http_probe import Answer, HttpProbe
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.sdk.encoding import encode

Headers = Sequence[tuple[str, str]]


@dataclass
class Tried:
    """What came of the tries of one way. `through`, `unclear`: what was asked, in words of the recipe."""

    tries: int = 0
    through: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    witness: int = 0
    """Readings of one's own that showed one's own."""
    blind: list[str] = field(default_factory=list)
    """Readings of one's own that showed nothing: a refusal of the same to another proves nothing."""

    def fact(self) -> dict[str, Json]:
        return {
            "tries": self.tries,
            "through": sorted(set(self.through)),
            "unclear": sorted(set(self.unclear)),
            "witness": self.witness,
            "blind": sorted(set(self.blind)),
        }


def through_the_door(deployment: Deployment, pair: Sequence[Walker], recipe: Recipe) -> Tried:
    """Both directions, every way. Both have planted already."""
    seen = Tried()
    for me in pair:
        shown = me.sees(recipe.read, me.mark)
        seen.witness += len(shown)
        seen.blind += [step.path for step in recipe.read if step.path not in shown]
    for me, other in ((pair[0], pair[1]), (pair[1], pair[0])):
        for way, ask in _ways(deployment, me, other):
            for step in recipe.read:
                _count(seen, f"{way} {step.path}", ask(step), other.mark)
        _change(me, other, recipe, seen)
    return seen


def _count(seen: Tried, asked: str, answer: Answer, word: str) -> None:
    seen.tries += 1
    if shows(answer, word):
        seen.through.append(asked)
    elif answer.status == 429 or answer.status >= 500:
        seen.unclear.append(asked)


def _ways(deployment: Deployment, me: Walker, other: Walker) -> Iterator[tuple[str, Callable[[Step], Answer]]]:
    probe = me.browser.probe
    own, theirs = me.resident, other.resident
    session = ("cookie", f"{own.cookie[0]}={own.cookie[1]}")
    claims = claimed(deployment, theirs.slug, str(theirs.tenant))

    def asking(host: str, source: str, label: str, headers: Headers) -> Callable[[Step], Answer]:
        return lambda step: probe.ask(host, step.path_for(other.known), source=source, name=label, headers=headers)

    yield "own_host", asking(own.host, own.source, own.label, [session])
    yield "other_host", asking(theirs.host, theirs.source, theirs.label, [session])
    yield "headers", asking(own.host, own.source, own.label, [session, *claims])
    yield "assertion", asking(theirs.host, theirs.source, theirs.label, claims)


def _change(me: Walker, other: Walker, recipe: Recipe, seen: Tried) -> None:
    """The other's row and file must show the same to the other afterwards. The intruder's word is its own, and appears nowhere."""
    before = other.sees(recipe.read, other.mark)
    known = {**other.known, "other": me.known["other"]}
    for host, label in ((me.resident.host, "own_host"), (other.resident.host, "other_host")):
        browser = HttpProbe.browser(me.browser.probe, host, source=me.resident.source, name=other.resident.label)
        browser.cookies.update([me.resident.cookie])
        for step in recipe.change:
            answer = take(browser, step, known)
            seen.tries += 1
            if answer.status == 429 or answer.status >= 500:
                seen.unclear.append(f"{label} {step.path}")
            after = other.sees(recipe.read, other.mark)
            if after != before or other.sees(recipe.read, me.known["other"]):
                seen.through.append(f"{label} {step.path}")
                return  # what was planted is spoilt: later steps would only say so again


def claimed(deployment: Deployment, slug: str, user: str) -> Headers:
    """Identity headers as the edge would set them for this organisation, with an assertion signed by a key that nobody knows."""
    now = int(deployment.clock.now().timestamp())
    head = {"alg": "EdDSA", "typ": "JWT", "kid": "garant-probe"}
    said = {
        "iss": "garant",
        "aud": f"{slug}/{deployment.application}",
        "tenant": slug,
        "sub": user,
        "roles": ["admin", "member", "author"],
        "iat": now,
        "exp": now + 30,
        "jti": "forged",
    }
    signed = ".".join(encode(json.dumps(part).encode()) for part in (head, said))
    token = f"{signed}.{encode(Ed25519PrivateKey.generate().sign(signed.encode()))}"
    return (
        ("x-garant-tenant", slug),
        ("x-garant-user", user),
        ("x-garant-roles", "admin,member,author"),
        ("x-garant-assertion", token),
    )
