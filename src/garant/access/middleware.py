"""Two doors of every request: its session, and the gate of application paths."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from garant.access.engines import answers
from garant.access.policy.decide import Decision, Question
from garant.access.policy.reasons import Reason
from garant.access.sessions import SessionStore, Visit, address_from
from garant.access.views import gate
from garant.kernel.clock import Clock, SystemClock

RESERVED = "/.garant/"
PERSON = "X-Garant-Person"
OPEN_FROM_ANYWHERE = "address/"
"""The one exception to the address rules: asking for one's address (its pages decide by themselves, and show nothing)."""


class Sessions(SessionMiddleware):
    """Sets `request.now` (one per request), `request.visit` and `request.session`."""

    clock: Clock = SystemClock()

    def process_request(self, request: HttpRequest) -> None:
        address = address_from(request.headers.get("X-Edge-Ip") or request.META.get("REMOTE_ADDR", ""))
        request.now = self.clock.now()  # type: ignore[attr-defined]
        request.visit = Visit(request.now, address, request.headers.get("User-Agent", ""))  # type: ignore[attr-defined]
        request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME), request.visit)  # type: ignore[attr-defined]


class Gate:
    """Sets `request.decision` (asked when looked at) and keeps application paths shut: what comes here has no live decision.

    The address rules are checked here again, before any page of the reserved path but the one that asks for an address.
    Who was recognised goes to the edge with the answer (`PERSON`): its journal names them, and it takes the header away.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.visit.address is None:  # type: ignore[attr-defined]
            return gate.refused(request, Reason.ADDRESS)
        digest = request.session.digest  # type: ignore[attr-defined]
        request.decision = SimpleLazyObject(lambda: _decision(request, "member", digest))  # type: ignore[attr-defined]
        # Before the view: to sign out is an act of the person who was there.
        known = request.decision if digest else None  # type: ignore[attr-defined]
        person = known.person if known is not None and not known.reason.void else None
        response = self._answer(request)
        if person is None and request.session.accessed:
            person = request.session.get(SESSION_KEY)
        if person is not None:
            response[PERSON] = str(person)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        kind = kind_of(request)
        if kind == "member":
            return gate.gate(request)
        if kind in ("login", "public"):
            door = _decision(request, kind, "")
            if door.reason in (Reason.ADDRESS, Reason.SUSPENDED):
                return gate.refused(request, door.reason)
        return self.get_response(request)


def kind_of(request: HttpRequest) -> str:
    """The class of a path on this host: `member` (the application's), `login`, `public`, or `open` (asks for an address)."""
    path = request.path_info
    if path.startswith(RESERVED):
        rest = path[len(RESERVED) :]
        for prefix in ("fr/", "en/"):
            rest = rest.removeprefix(prefix)
        return "open" if rest.startswith(OPEN_FROM_ANYWHERE) else "login"
    return "public" if request.tenant.operator else "member"  # type: ignore[attr-defined]


def _decision(request: Any, kind: str, digest: str) -> Decision:
    question = Question(request.tenant.id, request.visit.address, kind)
    return answers.answer(question, digest, request.now, suspended=request.tenant.suspended).decision
