"""Signs in as a person made for it and looks at every cookie on the way (INT-34, INT-35, INT-36, INT-37).

Aspects: `opaque` (nothing but an identifier, gone with the session), `no_credentials` (no name, no password, however coded),
`nothing_else` (only listed cookies), `identifiers` (long, random, new at each step, never the visitor's choice).

Faults are short codes, `marks` or `name:<cookie>`; the judge puts them into words.
Each run shows its own examiner a cookie with the fault planted; one that is not reported makes the run void.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from garant.access.engines.probes import COOKIE, LOGIN_PAGE, Canaries, Canary, Site, insider, population, rules_of, sign_in, token, unclear
from garant.drivers.http_probe import Browser
from garant.drivers.process import Deadline
from garant.identity.queries import TenantFacts
from garant.kernel.canonical import Json
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary as Planted
from garant.kernel.promise import Observation, Promise
from garant.kernel.text import NBSP, Text

INVENTORY = (COOKIE,)
SAMPLES = 8
REACH = 2.0
"""Seconds within which the end of a session reaches every edge (DESIGN, times to refusal)."""

FOREIGN = "A" * 43
"""An identifier of a visitor's own choice: a server that takes it lets a stranger fix the session beforehand."""


@dataclass(frozen=True)
class Visit:
    """One canary's way through. `lines`: every Set-Cookie; `samples`: identifiers given to strangers."""

    canary: Canary
    lines: tuple[str, ...]
    identifiers: tuple[str, ...]
    samples: tuple[str, ...]
    kept_foreign: bool
    lived_before: bool
    lives_after: bool


class SessionProbe:
    """The engine."""

    def __init__(self, site: Site, canaries: Canaries) -> None:
        self.site, self._canaries = site, canaries

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the session store enforces; there is nothing to bring
        return ()

    def observe(self, promise: Promise) -> Observation:
        aspect = str(promise.parameters.get("aspect", "opaque"))
        if aspect not in EXAMINERS:
            raise EngineError(f"access.session_cookie has no aspect {aspect!r}")
        everyone = population()
        visits = [visit for tenant in everyone if (visit := self._visit(tenant)) is not None]
        faults = [fault for visit in visits for fault in EXAMINERS[aspect](visit, promise.parameters)]
        facts: dict[str, Json] = {
            "aspect": aspect,
            "tenants": len(visits),
            "cookies": sorted({name_of(line) for visit in visits for line in visit.lines}),
            "set_cookie_lines": sum(len(visit.lines) for visit in visits),
            "identifier_bits": min((bits(found) for visit in visits for found in visit.identifiers if found), default=0),
            "samples": sum(len(visit.samples) for visit in visits),
            "faults": sorted(set(faults)),
        }
        return Observation(len(visits), len(everyone), facts, self._planted(aspect, visits, promise.parameters))

    def _visit(self, tenant: TenantFacts) -> Visit | None:
        source = insider(rules_of(tenant), self.site.now)
        if source is None:
            return None
        samples = [self._stranger(tenant, source) for _ in range(SAMPLES)]
        with self._canaries(tenant, roles=("member",), at=self.site.now) as canary:
            browser = self.site.browser(tenant, source=source)
            browser.cookies[COOKIE] = FOREIGN
            entered = sign_in(browser, canary, self.site.now)
            browser.get("/")
            held = browser.cookies.get(COOKIE, "")
            lived = lives(self.site.browser(tenant, source=source), held)
            _sign_out(browser)
            lives_after = self._outlives(tenant, source, held)
            return Visit(
                canary,
                tuple(browser.set),
                (*entered.identifiers, held),
                tuple(samples),
                FOREIGN in (*entered.identifiers, held),
                lived,
                lives_after,
            )

    def _outlives(self, tenant: TenantFacts, source: str, identifier: str) -> bool:
        """Whether a session still opens a page when its end should have reached every edge."""
        return all(lives(self.site.browser(tenant, source=source), identifier) for _ in Deadline(REACH).tries(0.2))

    def _stranger(self, tenant: TenantFacts, source: str) -> str:
        browser = self.site.browser(tenant, source=source)
        browser.follow(browser.get(LOGIN_PAGE))
        return browser.cookies.get(COOKIE, "")

    def _planted(self, aspect: str, visits: Sequence[Visit], parameters: Mapping[str, Json]) -> Planted:
        """The same examiner, on the same visit with one fault planted."""
        if not visits:
            return Planted.NONE
        reported = all(any(EXAMINERS[aspect](with_fault(visit, aspect), parameters)) for visit in visits)
        could_tell = aspect != "opaque" or all(visit.lived_before for visit in visits)
        return Planted.HELD if reported and could_tell else Planted.MISSED


def lives(browser: Browser, identifier: str) -> bool:
    """Whether a session opens a page that asks for one: the person's own account, or the application."""
    browser.cookies[COOKIE] = identifier
    statuses = [browser.get(path).status for path in ("/.garant/fr/factors/", "/")]
    if strange := [status for status in statuses if status >= 500 or status == 429]:
        raise unclear(browser.called, strange[0])
    return 200 in statuses


def _sign_out(browser: Browser) -> None:
    page = browser.get("/.garant/fr/logout/")
    answer = browser.post("/.garant/fr/logout/", token(page))
    if answer.status not in (302, 303):
        raise EngineError(
            Text(
                f"{browser.called} n’a pas déconnecté la personne d’essai{NBSP}: {answer.status}.",
                f"{browser.called} did not sign the canary out: {answer.status}.",
            )
        )


def with_fault(visit: Visit, aspect: str) -> Visit:
    """The visit, with the fault that this aspect must report."""
    coded = base64.urlsafe_b64encode(f"user={visit.canary.login}".encode()).decode().rstrip("=")
    changes: dict[str, dict[str, object]] = {
        "opaque": {"lives_after": True},
        "no_credentials": {"lines": (*visit.lines, f"planted={coded}; Path=/")},
        "nothing_else": {"lines": (*visit.lines, "planted=1; Path=/")},
        "identifiers": {"identifiers": (visit.identifiers[0], *visit.identifiers)},
    }
    return Visit(**{**visit.__dict__, **changes[aspect]})


def opaque(visit: Visit, parameters: Mapping[str, Json]) -> Iterator[str]:  # noqa: ARG001 - one signature for all examiners
    """INT-34: the cookie is an identifier, marked to die with the browser, and the session dies at sign-out."""
    lines = [line for line in visit.lines if name_of(line) == COOKIE and value_of(line)]
    if not lines:
        yield "no_cookie"
    for line in lines:
        marks = {part.strip().split("=", 1)[0].lower(): part.strip().partition("=")[2] for part in line.split(";")[1:]}
        if not re.fullmatch(r"[A-Za-z0-9_-]{43,}", value_of(line)):
            yield "not_identifier"
        if not {"secure", "httponly", "samesite"} <= marks.keys() or marks.get("path") != "/" or "domain" in marks:
            yield "marks"
        if {"expires", "max-age"} & marks.keys():
            yield "lasting"
    if visit.lives_after:
        yield "alive_after"


def no_credentials(visit: Visit, parameters: Mapping[str, Json]) -> Iterator[str]:  # noqa: ARG001
    """INT-35: neither name nor password, raw, URL-decoded, in base 64 or in hexadecimal."""
    wanted = {visit.canary.login.lower(): "name", visit.canary.password.lower(): "password", str(visit.canary.user): "id"}
    for line in visit.lines:
        for reading in readings(line):
            for needle, word in wanted.items():
                if needle in reading.lower():
                    yield f"{word}:{name_of(line)}"


def nothing_else(visit: Visit, parameters: Mapping[str, Json]) -> Iterator[str]:
    """INT-36: only cookies of the inventory are set, by Garant or by the application."""
    listed = parameters.get("inventory")
    known = {str(name) for name in listed} if isinstance(listed, Sequence) and not isinstance(listed, str) else set(INVENTORY)
    for line in visit.lines:
        if name_of(line) not in known:
            yield f"unlisted:{name_of(line)}"


def identifiers(visit: Visit, parameters: Mapping[str, Json]) -> Iterator[str]:
    """INT-37: long enough, all different, new at each step, and never chosen by the visitor."""
    least = parameters.get("minimum_bits", 128)
    found = [each for each in visit.identifiers[1:] if each]
    if not found or not visit.identifiers[-1]:
        yield "no_cookie"
    if any(bits(each) < (least if isinstance(least, int) else 128) for each in (*found, *filter(None, visit.samples))):
        yield "short"
    steps = visit.identifiers[:3]
    if len(set(steps)) != len(steps) or len(visit.identifiers) != 4:
        yield "not_rotated"
    if visit.kept_foreign:
        yield "fixed"
    given = [each for each in visit.samples if each]
    if len(set(given)) != len(given):
        yield "repeated"


EXAMINERS: Mapping[str, Callable[[Visit, Mapping[str, Json]], Iterator[str]]] = {
    "opaque": opaque,
    "no_credentials": no_credentials,
    "nothing_else": nothing_else,
    "identifiers": identifiers,
}


def name_of(line: str) -> str:
    return line.split(";", 1)[0].partition("=")[0].strip()


def value_of(line: str) -> str:
    return line.split(";", 1)[0].partition("=")[2].strip().strip('"')


def bits(identifier: str) -> int:
    """Bits that an identifier of this alphabet and length can carry at most, rounded down."""
    alphabets = ((r"[0-9]+", 10), (r"[0-9a-f]+", 16), (r"[0-9a-z]+", 36), (r"[A-Za-z0-9_-]+", 64))
    size = next((size for shape, size in alphabets if re.fullmatch(shape, identifier)), 0)
    return int(len(identifier) * math.log2(size)) if size else 0


def readings(line: str) -> Iterator[str]:
    """A cookie's line and what its value decodes to, two layers deep."""
    layer = [line, value_of(line)]
    for _ in range(2):
        yield from layer
        layer = [read for text in layer for read in _decoded(text)]
    yield from layer


def _decoded(text: str) -> Iterator[str]:
    yield unquote(text)
    for piece in re.split(r"[.:|;=\s]+", text):
        padded = piece.replace("-", "+").replace("_", "/") + "=" * (-len(piece) % 4)
        for decode in (base64.b64decode, binascii.unhexlify):
            try:
                yield decode(padded if decode is base64.b64decode else piece).decode("utf-8", errors="ignore")
            except (ValueError, binascii.Error):
                continue
