"""Every page of the web area, rendered with invented people and facts: {fr, en} × {empty, full, error}. No database.

The same templates, tags, context and language as in production; what is invented is the facts that the views would hand over. The
views themselves are tested with the real database in `tests/integration/web`.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.contrib.messages.storage.base import Message
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from garant.access.engines.enrolment import drawing, key_uri
from garant.access.forms import EnrolForm
from garant.access.policy.totp import spoken
from garant.access.queries import SessionFacts
from garant.access.queries.addresses import RequestFacts, RuleFacts
from garant.access.views.login import in_fours
from garant.data.policy.compile.change import Change
from garant.data.policy.compile.change import Kind as ChangeKind
from garant.data.policy.coverage import Coverage
from garant.data.policy.coverage import Finding as MapFinding
from garant.data.policy.coverage import Line as MapLine
from garant.data.queries.maps import Version as MapVersion
from garant.data.service import Checked
from garant.edge.queries import Acknowledged, EdgeState, Line, Losses
from garant.identity.queries import TenantFacts
from garant.kernel.promise import Check
from garant.kernel.schedule import Phase
from garant.kernel.text import Text
from garant.kernel.verdicts import WORST_FIRST, State
from garant.statement.policy.document import Claim, Document, parse
from garant.statement.policy.intervals import StripDay
from garant.statement.queries.views import (
    ChapterView,
    ClaimPage,
    ClaimView,
    Control,
    EvidenceView,
    ExceptionView,
    FactTable,
    IntervalView,
    MeasureView,
    StatementPage,
)
from garant.web import desk, forms, today
from garant.web.desk import Section
from garant.web.headline import headline
from garant.web.health import Process
from support import stores_shown

NOW = datetime(2026, 11, 20, 19, 5, tzinfo=UTC)
LANGUAGES = {"fr": "fr-ca", "en": "en-ca"}
STATIC = Path(desk.__file__).parent / "static"

SAINT_ELAN = TenantFacts(uuid.UUID(int=1), "saint-elan", "Ville de Saint-Élan", False, "fr-ca", "America/Toronto", False)
OPERATOR = TenantFacts(uuid.UUID(int=2), "operator", "Logiciels Amélanche", True, "fr-ca", "America/Toronto", False)
ROSALIE, OMER, THAIS = (uuid.UUID(int=number) for number in (11, 12, 13))
NAMES = {str(ROSALIE): "Rosalie Béchamp", str(OMER): "Omer Lavigueur", str(THAIS): "Thaïs Corriveau-Nault"}


@dataclass(frozen=True)
class Exhibit:
    """One page in one state. `facts` gives the context of its template."""

    name: str
    state: str
    template: str
    path: str
    facts: Callable[[], Mapping[str, Any]]
    tenant: TenantFacts = SAINT_ELAN
    signed_in: bool = True

    def __str__(self) -> str:
        return f"{self.name}-{self.state}"


def render(exhibit: Exhibit, short: str) -> str:
    """The page as HTML in `fr` or `en`."""
    path = exhibit.path.replace("/fr/", f"/{short}/")
    request = RequestFactory().get(path)
    request.tenant = exhibit.tenant
    request.user = SimpleNamespace(is_authenticated=exhibit.signed_in, pk=ROSALIE, __str__=lambda self: "Rosalie Béchamp")
    request.user = _Person() if exhibit.signed_in else SimpleNamespace(is_authenticated=False)
    request.decision = SimpleNamespace(allowed=exhibit.signed_in, roles=("admin", "member"), person=ROSALIE)
    request.META["CSRF_COOKIE"] = "a" * 32
    with translation.override(LANGUAGES[short]), timezone.override(exhibit.tenant.tz):
        return render_to_string(exhibit.template, {"csrf_token": "a" * 64, **exhibit.facts()}, request)


class _Person:
    is_authenticated = True
    pk = ROSALIE

    def __str__(self) -> str:
        return "Rosalie Béchamp"


def menu(section: str) -> list[Section]:
    words = {
        "access": "Accès",
        "people": "Personnes",
        "settings": "Réglages",
        "places": "Lieux",
        "journal": "Journal",
        "evidence": "Preuves",
    }
    return [Section(word, f"/.garant/fr/console/{key}/", key == section) for key, word in words.items()]


def post(form: type[forms.Form], **values: Any) -> Any:
    """A form as posted, validated."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    made = form(data)
    made.is_valid()
    return made


# ---- the tenant's console -------------------------------------------------------------------------------------------------------


def _rules() -> list[RuleFacts]:
    def rule(number: int, network: str, label: str, ends: datetime | None = None, verdict: str = "allow") -> RuleFacts:
        facts = (uuid.UUID(int=number), network, verdict, ("login", "member"), label, "admin", ends)
        return RuleFacts(*facts, str(ROSALIE), "", NOW - timedelta(days=90))

    return [
        rule(21, "198.51.100.128/25", "Ancien hôtel de ville", verdict="deny"),
        rule(22, "198.51.100.0/27", "Hôtel de ville"),
        rule(23, "203.0.113.17/32", "Télétravail, Omer Lavigueur", NOW + timedelta(days=41)),
        rule(24, "2001:db8:40::/48", "Garage municipal"),
    ]


def _request() -> RequestFacts:
    facts = (uuid.UUID(int=31), OMER, "Juliane Mercereau", "203.0.113.84/32", "Panne de courant au bureau depuis midi.", 8)
    return RequestFacts(*facts, "pending", NOW - timedelta(minutes=13), NOW + timedelta(hours=23), "", None)


def _sessions() -> list[SessionFacts]:
    def session(number: int, person: uuid.UUID, address: str, factor: str, current: bool = False) -> SessionFacts:
        since = NOW - timedelta(hours=number)
        return SessionFacts(uuid.UUID(int=40 + number), person, NAMES[str(person)], since, NOW, address, "Firefox", factor, current)

    return [
        session(5, ROSALIE, "198.51.100.12", "totp", True),
        session(4, OMER, "203.0.113.17", "totp"),
        session(1, THAIS, "2001:db8:40::7", "recovery"),
    ]


def access_full() -> Mapping[str, Any]:
    asked = _request()
    return {
        "sections": menu("access"),
        "now": NOW,
        "requests": [(asked, forms.DecisionForm(initial={"hours": 8}, prefix="00000000"))],
        "rules": _rules(),
        "names": NAMES,
        "live": _sessions(),
        "address": "198.51.100.12",
        "messages": [Message(25, "198.51.100.64/28")],
    }


def access_empty() -> Mapping[str, Any]:
    return {"sections": menu("access"), "now": NOW, "requests": [], "rules": [], "names": NAMES, "live": [], "address": "127.0.0.1"}


def rule_error() -> Mapping[str, Any]:
    form = post(forms.RuleForm, network="", verdict="allow", classes=[], until="31/12/2026")
    return {"sections": menu("access"), "form": form}


def _person(number: int, name: str, login: str, **more: Any) -> SimpleNamespace:
    facts = {"email": "", "roles": ("member",), "active": True, "factor": True, "last_login": NOW - timedelta(hours=number)}
    return SimpleNamespace(id=uuid.UUID(int=10 + number), name=name, login=login, **{**facts, **more})


def people() -> list[SimpleNamespace]:
    return [
        _person(1, "Rosalie Béchamp", "rbechamp", roles=("admin", "member"), email="rbechamp@saint-elan.example"),
        _person(2, "Omer Lavigueur", "olavigueur"),
        _person(3, "Thaïs Corriveau-Nault", "tcorriveau", factor=False, last_login=None, roles=()),
        _person(4, "Juliane Mercereau", "jmercereau", active=False),
    ]


ROLES = [("member", "Membre"), ("admin", "Administrateur"), ("analyst", "analyst")]


def person_error() -> Mapping[str, Any]:
    form = forms.PersonForm({"name": "", "login": "", "email": "pas une adresse"}, roles=ROLES)
    form.is_valid()
    return {"sections": menu("people"), "form": form}


def person_full() -> Mapping[str, Any]:
    form = forms.RolesForm(roles=ROLES, initial={"roles": ["member"]})
    return {"sections": menu("people"), "person": people()[1], "form": form, "me": ROSALIE}


SETTINGS = {
    "factor_rule": "required",
    "idle_minutes": 30,
    "absolute_hours": 12,
    "binding": "network",
    "address_mode": "approve",
    "address_hours": 8,
}


def settings_error() -> Mapping[str, Any]:
    return {"sections": menu("settings"), "form": post(forms.SettingsForm, **{**SETTINGS, "idle_minutes": "2"})}


def _line(number: int, who: uuid.UUID | None, what: str, status: int) -> Line:
    at = NOW - timedelta(minutes=7 * number)
    method, path = what.split(" ", 1)
    return Line(
        9412 - number, at, "203.0.113.84", "saint-elan.garant.localhost", who, method, path, status, 12, 4096, "--", "", f"r{number}"
    )


def journal_full() -> Mapping[str, Any]:
    lines = [
        _line(0, OMER, "GET /enquetes/17/reponses?page=2", 200),
        _line(1, None, "GET /", 403),
        _line(2, THAIS, "POST /enquetes/17/pieces/3f0c2f1e-8f1f-4a88-9d55-0f6f0fbb7a1c/telecharger-une-tres-longue-adresse", 302),
    ]
    lost = Losses(48_212, 3, 3, 0, 0, NOW)
    facts = {"lines": lines, "names": NAMES, "lost": lost, "next": 9409, "first": False, "query": "q=enquetes", "searched": True}
    return {"sections": menu("journal"), "form": post(forms.JournalForm, q="enquetes"), **facts}


def journal_empty() -> Mapping[str, Any]:
    lost = Losses(0, 0, 0, 0, 0, None)
    facts = {"lines": [], "names": {}, "lost": lost, "next": None, "first": True, "query": "", "searched": False}
    return {"sections": menu("journal"), "form": forms.JournalForm(), **facts}


def journal_error() -> Mapping[str, Any]:
    return {**journal_empty(), "form": post(forms.JournalForm, since="hier"), "searched": True}


CONSOLE = "/.garant/fr/console/"
EXHIBITS = [
    Exhibit("access", "full", "web/console/access.html", CONSOLE, access_full),
    Exhibit("access", "empty", "web/console/access.html", CONSOLE, access_empty),
    Exhibit(
        "rule", "empty", "web/console/rule.html", f"{CONSOLE}addresses/add/", lambda: {"sections": menu("access"), "form": forms.RuleForm()}
    ),
    Exhibit("rule", "error", "web/console/rule.html", f"{CONSOLE}addresses/add/", rule_error),
    Exhibit(
        "rule-confirm",
        "full",
        "web/console/rule_confirm.html",
        f"{CONSOLE}addresses/add/",
        lambda: {
            "sections": menu("access"),
            "form": post(forms.RuleForm, network="192.0.2.0/24", verdict="allow", classes=["login", "member"]),
            "danger": "Ce changement exclut votre propre adresse, 198.51.100.12.",
        },
    ),
    Exhibit(
        "rule-remove",
        "full",
        "web/console/rule_remove.html",
        f"{CONSOLE}addresses/1/remove/",
        lambda: {"sections": menu("access"), "rule": _rules()[1]},
    ),
    Exhibit(
        "rule-remove",
        "error",
        "web/console/rule_remove.html",
        f"{CONSOLE}addresses/1/remove/",
        lambda: {"sections": menu("access"), "rule": _rules()[1], "danger": "Ce changement exclut votre propre adresse, 198.51.100.12."},
    ),
    Exhibit(
        "people",
        "full",
        "web/console/people.html",
        f"{CONSOLE}people/",
        lambda: {"sections": menu("people"), "people": people(), "me": ROSALIE},
    ),
    Exhibit(
        "person-add",
        "empty",
        "web/console/person_add.html",
        f"{CONSOLE}people/add/",
        lambda: {"sections": menu("people"), "form": forms.PersonForm(roles=ROLES)},
    ),
    Exhibit("person-add", "error", "web/console/person_add.html", f"{CONSOLE}people/add/", person_error),
    Exhibit("person", "full", "web/console/person.html", f"{CONSOLE}people/1/", person_full),
    Exhibit(
        "person-invited",
        "full",
        "web/console/person_invited.html",
        f"{CONSOLE}people/add/",
        lambda: {
            "sections": menu("people"),
            "link": "https://saint-elan.garant.localhost:8443/.garant/fr/invitation/8f1f4a889d550f6f0fbb7a1c3f0c2f1e/",
            "invited": SimpleNamespace(expires_at=NOW + timedelta(days=7)),
        },
    ),
    Exhibit(
        "person-deactivate",
        "full",
        "web/console/person_deactivate.html",
        f"{CONSOLE}people/1/",
        lambda: {"sections": menu("people"), "person": people()[1]},
    ),
    Exhibit(
        "person-factor",
        "full",
        "web/console/person_factor.html",
        f"{CONSOLE}people/1/",
        lambda: {"sections": menu("people"), "person": people()[1]},
    ),
    Exhibit(
        "person-password",
        "full",
        "web/console/person_password.html",
        f"{CONSOLE}people/1/",
        lambda: {"sections": menu("people"), "person": people()[1]},
    ),
    Exhibit(
        "settings",
        "full",
        "web/console/settings.html",
        f"{CONSOLE}settings/",
        lambda: {"sections": menu("settings"), "form": forms.SettingsForm(initial=SETTINGS)},
    ),
    Exhibit("settings", "error", "web/console/settings.html", f"{CONSOLE}settings/", settings_error),
    Exhibit(
        "settings-confirm",
        "full",
        "web/console/settings_confirm.html",
        f"{CONSOLE}settings/",
        lambda: {"sections": menu("settings"), "form": post(forms.SettingsForm, **{**SETTINGS, "factor_rule": "off"})},
    ),
    Exhibit("journal", "full", "web/console/journal.html", f"{CONSOLE}journal/", journal_full),
    Exhibit("journal", "empty", "web/console/journal.html", f"{CONSOLE}journal/", journal_empty),
    Exhibit("journal", "error", "web/console/journal.html", f"{CONSOLE}journal/", journal_error),
    Exhibit("forbidden", "error", "web/forbidden.html", CONSOLE, lambda: {"reason": "Cette console est pour l’administration."}),
    Exhibit("not-found", "error", "web/not_found.html", "/.garant/fr/rien/", dict, signed_in=False),
    Exhibit("fault", "error", "web/fault.html", "/fr/", lambda: {"status": 500}, OPERATOR, False),
    Exhibit("unavailable", "error", "web/unavailable.html", "/fr/", dict, OPERATOR, False),
]


# ---- the public pages and the operator's console ----------------------------------------------------------------------------------

STATES = {
    "ASO-10": State.BROKEN,
    "ASO-34": State.STALE,
    "ASO-05": State.UNPROVEN,
    "ASO-08": State.UNPROVEN,
    "ASO-36": State.UNPROVEN,
    "ASO-30": State.ATTESTED,
    "ASO-31": State.ATTESTED,
    "ASO-01": State.ATTESTED,
    "ASO-02": State.ATTESTED,
}
REASONS = {
    State.KEPT: Text("Aucun passage depuis une adresse non autorisée.", "No passage from an address that is not authorised."),
    State.BROKEN: Text(
        "Le serveur web-04 attend ses mises à jour depuis 38 jours; nous avons promis 31 jours, et 3 de grâce.",
        "The server web-04 has waited for its updates for 38 days; we promised 31 days, and 3 of grace.",
    ),
    State.STALE: Text("La dernière preuve est trop ancienne.", "The latest evidence is too old."),
    State.UNPROVEN: Text("Aucune mesure ne porte sur cette phrase.", "No measure bears on this sentence."),
    State.ATTESTED: Text("Attesté par Élodie Sansregret.", "Attested by Élodie Sansregret."),
}
CHECK = Check(
    'curl -s -o /dev/null -w "%{http_code}\\n" https://{tenant}/',
    Text("Réponse attendue hors des adresses autorisées : 403.", "Expected answer outside the authorised addresses: 403."),
)


def _days(state: State) -> list[StripDay]:
    """Ninety days: some before anything was published, kept, a lapse, kept again, then the present state."""
    today = NOW.date()
    runs = {State.KEPT: [(90, State.KEPT)], State.UNPROVEN: [(20, None), (70, State.UNPROVEN)], State.ATTESTED: [(90, State.ATTESTED)]}
    plan = runs.get(state, [(39, State.KEPT), (2, State.STALE), (46, State.KEPT), (3, state)])
    states = [one for length, one in plan for _ in range(length)]
    return [StripDay(today - timedelta(days=89 - place), one) for place, one in enumerate(states)]


def _view(claim: Claim, state: State) -> dict[str, Any]:
    seen = state not in (State.UNPROVEN, State.ATTESTED)
    measures = [
        MeasureView(
            "denied",
            Text("Refus d’une adresse inconnue", "Refusal of an unknown address"),
            "access.network",
            state,
            REASONS[state],
            Text("0", "0"),
            Text("passage sur 2 160 essais", "passage in 2,160 tries"),
            "test",
            "edge",
            timedelta(minutes=15),
            timedelta(hours=1),
            True,
            Text("WebKit 538 au lieu de Safari 7", "WebKit 538 in place of Safari 7") if claim.id == "ASO-10" else None,
            Phase.UP,
            NOW - timedelta(minutes=12),
            NOW + timedelta(minutes=3),
            NOW - timedelta(minutes=12),
            CHECK,
        ),
        MeasureView(
            "rest",
            Text("Le reste de la phrase", "The rest of the sentence"),
            "access.network",
            State.UNPROVEN,
            REASONS[State.UNPROVEN],
            Text("–", "–"),
            Text("–", "–"),
        ),
    ]
    began = NOW - timedelta(days=3 if seen and state is not State.KEPT else 70)
    history = (
        [(state, began, None)]
        if state in (State.UNPROVEN, State.KEPT, State.ATTESTED)
        else [
            (state, began, None),
            (State.KEPT, NOW - timedelta(days=49), began),
            (State.STALE, NOW - timedelta(days=51), NOW - timedelta(days=49)),
        ]
    )
    exceptions = [
        ExceptionView(
            Text("correctif incompatible avec le pilote d’impression.", "patch incompatible with the print driver."),
            "Maude Thériault-Kane",
            NOW - timedelta(days=3),
            NOW + timedelta(days=7),
            False,
        )
    ]
    return {
        "id": claim.id,
        "kind": claim.kind,
        "inherited": claim.inherited,
        "family": claim.family,
        "sentence": claim.sentence,
        "state": state,
        "since": None if state is State.UNPROVEN and claim.id == "ASO-36" else began,
        "reason": REASONS[state],
        "number": Text("0", "0") if seen else Text("–", "–"),
        "words": Text("passage sur 2 160 essais", "passage in 2,160 tries") if seen else Text("–", "–"),
        "observed_at": NOW - timedelta(minutes=12) if seen else None,
        "until": NOW + timedelta(days=131) if state is State.ATTESTED else None,
        "checked": 23 if seen else 0,
        "in_scope": 23 if seen else 0,
        "evidence_ids": (),
        "checks": [CHECK] if seen else [],
        "intervals": history,
        "strip": _days(state),
        "measures": measures if seen else measures[1:],
        "notes": [note.text for note in claim.notes],
        "exceptions": exceptions if state is State.BROKEN else [],
    }


def document() -> Document:
    path = Path(desk.__file__).parents[1] / "statement" / "catalog" / "aso.toml"
    return parse(path.read_text(encoding="utf-8"), name="aso.toml", controls=None)


def statement_page(states: Mapping[str, State] | None = None, default: State = State.KEPT) -> StatementPage:
    made = document()
    chosen = STATES if states is None else states
    views = {claim.id: ClaimView(**_view(claim, chosen.get(claim.id, default))) for claim in made.claims}
    counted = Counter(view.state for view in views.values())
    counts = [(state, counted[state]) for state in WORST_FIRST if counted[state]]
    chapters = [
        ChapterView(c.key, c.title, c.intro, [views[claim.id] for claim in made.claims if claim.chapter == c.key]) for c in made.chapters
    ]
    return StatementPage(
        slug="aso",
        title=made.title,
        intro=made.intro,
        operator="Logiciels Amélanche",
        version=4,
        digest="ab" * 32,
        dated=made.dated,
        imported_at=NOW,
        review_by=made.review_by,
        excerpt=False,
        chapters=chapters,
        counts=counts,
        worst=counts[0][0],
        decided_at=NOW,
        next_check=NOW + timedelta(minutes=3),
    )


FOOT = {"now": NOW, "which": "", "key": "amelanche-2026-7f3c91ab04de"}


def _trust(page: StatementPage) -> Mapping[str, Any]:
    wrong = page.needing_attention
    other = SimpleNamespace(
        slug="aster", title=Text("Aster : nos engagements", "Aster: our commitments"), claims=1, worst=State.KEPT, front=False
    )
    return {
        "statement": page,
        "headline": headline(page.counts),
        "measured": any(claim.observed_at for claim in page.claims),
        "broken": [claim for claim in wrong if claim.state is State.BROKEN],
        "unsure": [claim for claim in wrong if claim.state is not State.BROKEN],
        "others": [other],
        "on_front": True,
        "places": stores_shown.FULL if any(claim.observed_at for claim in page.claims) else stores_shown.EMPTY,
        **FOOT,
    }


def _proof(id_: str, state: State) -> Mapping[str, Any]:
    made = document()
    claim = made.claim(id_)
    assert claim is not None
    view = _view(claim, state)
    history = [IntervalView(s, began, ended, REASONS[s], 40_000 + n) for n, (s, began, ended) in enumerate(view["intervals"])]
    table = FactTable("serveurs", ["serveur", "mis_a_jour", "age_jours"], [["web-03", "2026-11-13", "7"], ["web-04", "2026-10-13", "38"]])
    run = EvidenceView(
        "e1",
        Text("Refus d’une adresse inconnue", "Refusal of an unknown address"),
        NOW,
        NOW,
        NOW + timedelta(hours=1),
        23,
        23,
        "held",
        (),
        None,
        {},
        [("essais", "2160"), ("passages", "0"), ("adresse_d_essai", "2001:0db8:0000:0000:0000:0000:0000:0001")],
        [table],
        "2ac177e0b9d45f16" * 4,
        48_207,
    )
    full = ClaimPage(
        **view,
        statement="aso",
        statement_title=made.title,
        operator="Logiciels Amélanche",
        version=4,
        chapter=made.chapters[0].title,
        controls=[Control("access.network", {"aspect": "tenant_url", "limit_seconds": 2})]
        if state is not State.UNPROVEN
        else [Control("", {"days": 31})],
        history=history if state is not State.UNPROVEN else [],
        evidence=[run] if state is not State.UNPROVEN else [],
        decided_at=NOW,
    )
    return {
        "claim": full,
        "intervals": [(each, (each.ended_at or NOW) - each.began_at) for each in full.history],
        "more": 0,
        "back": "/fr/",
        "front": True,
        "nature": "mesuré",
        **FOOT,
    }


def _operator(full: bool) -> Mapping[str, Any]:
    page = statement_page() if full else statement_page({})
    running = [Process("worker", "starting", NOW, 3), Process("web", "serving", NOW - timedelta(days=6), 0)] if full else []
    edges = [EdgeState("edge-1", "HAProxy 2.6.12", NOW, timedelta(seconds=1), 48_212, 0, "")] if full else []
    lost = Losses(48_212, 3, 3, 0, 0, NOW) if full else Losses(0, 0, 0, 0, 0, None)
    return {
        "now": NOW,
        "tasks": today.tasks(today.Facts([page], running, edges, lost, [NOW - timedelta(hours=2)] if full else []), NOW),
        "tenants": [(OPERATOR, 0, []), (SAINT_ELAN, 7, [Acknowledged("edge-1", 7, NOW)] if full else [])],
        "processes": running,
        "edges": edges,
        "pages": [page] if full else [],
        "changes": today.changes([page], NOW - timedelta(days=7)),
    }


def _data_map(full: bool) -> Mapping[str, Any]:
    lines = (
        MapLine("surveys_answer", 7, 7, 4, 0, 1, "tenant", own=True, why="", captured=False, listed=False),
        MapLine("surveys_person_with_quite_a_long_name_of_its_own", 9, 8, 5, 2, 2, "tenant", own=True, why="", captured=True, listed=False),
        MapLine("surveys_choice", 4, 4, 0, 0, 0, "question.survey.tenant", own=False, why="", captured=False, listed=False),
        MapLine("country", 2, 2, 1, 0, 0, "", own=False, why="a list that every tenant shares", captured=False, listed=False),
        MapLine("django_migrations", 4, 4, 0, 0, 0, "", own=False, why="", captured=False, listed=True),
    )
    finding = MapFinding("unmapped_column", "surveys_person.courriel", 42, "add it")
    changes = (Change(ChangeKind.SECURITY_OFF, "surveys_answer", ("alter table",)), Change(ChangeKind.ROLE_BYPASSES, "sondage"))
    if not full:
        return {"checked": None, "trouble": "the application’s database does not answer: connection refused.", "versions": []}
    versions = [MapVersion(3, NOW - timedelta(days=1), "system:command", "9f" * 32, 8, 52)]
    return {"checked": Checked(Coverage(lines, (finding,)), changes), "versions": versions}


def _places(own: stores_shown.OwnPlaces) -> Mapping[str, Any]:
    return {"sections": menu("places"), "own": own}


def _factor_form(**posted: str) -> Any:
    return EnrolForm(posted or None, user=_Person(), secret=SECRET, at=NOW, address="198.51.100.12")


def enrolment() -> Mapping[str, Any]:
    uri = key_uri(SECRET, "Ville de Saint-Élan", "rbechamp")
    facts = {"optional": False, "at_login": True, "qr": mark_safe(drawing(uri)), "uri": uri, "secret": in_fours(spoken(SECRET))}
    return {**facts, "form": _factor_form()}


def account() -> Mapping[str, Any]:
    since = NOW - timedelta(days=3)
    return {
        "sessions": [replace(each, agent=AGENTS[number]) for number, each in enumerate(_sessions())],
        "factor": SimpleNamespace(since=since),
        "codes_left": 7,
        "may_remove": True,
        "settings": SimpleNamespace(idle_minutes=30, absolute_hours=12),
        "now": NOW,
    }


SECRET = bytes(range(20))
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 "
    "Safari/604.1",
)
RESERVED = "/.garant/fr/"
EXHIBITS += [
    Exhibit("enrol", "full", "access/enrol.html", f"{RESERVED}login/enrol/", enrolment, signed_in=False),
    Exhibit("account", "full", "access/account.html", f"{RESERVED}factors/", account),
    Exhibit("trust", "full", "web/trust.html", "/fr/", lambda: _trust(statement_page()), OPERATOR, False),
    Exhibit("trust", "empty", "web/trust.html", "/fr/", lambda: _trust(statement_page({}, State.UNPROVEN)), OPERATOR, False),
    Exhibit("trust-kept", "full", "web/trust.html", "/fr/", lambda: _trust(statement_page({})), OPERATOR, False),
    Exhibit("trust-none", "empty", "web/trust_none.html", "/fr/", lambda: {"on_front": True, **FOOT}, OPERATOR, False),
    Exhibit("proof", "full", "web/proof.html", "/fr/engagements/aso/aso-10/", lambda: _proof("ASO-10", State.BROKEN), OPERATOR, False),
    Exhibit("proof", "empty", "web/proof.html", "/fr/engagements/aso/aso-05/", lambda: _proof("ASO-05", State.UNPROVEN), OPERATOR, False),
    Exhibit("operator", "full", "web/operator.html", "/fr/console/", lambda: _operator(True), OPERATOR),
    Exhibit("operator", "empty", "web/operator.html", "/fr/console/", lambda: _operator(False), OPERATOR),
    Exhibit("data-map", "full", "web/data_map.html", "/fr/console/data/", lambda: _data_map(True), OPERATOR),
    Exhibit("data-map", "error", "web/data_map.html", "/fr/console/data/", lambda: _data_map(False), OPERATOR),
    Exhibit(
        "evidence",
        "full",
        "web/console/evidence.html",
        f"{CONSOLE}evidence/",
        lambda: {
            "sections": menu("evidence"),
            "statements": [SimpleNamespace(slug="aso", title=document().title, counts=statement_page().counts)],
        },
    ),
    Exhibit(
        "evidence", "empty", "web/console/evidence.html", f"{CONSOLE}evidence/", lambda: {"sections": menu("evidence"), "statements": []}
    ),
    Exhibit("places", "full", "web/console/places.html", f"{CONSOLE}places/", lambda: _places(stores_shown.OWN)),
    Exhibit("places", "empty", "web/console/places.html", f"{CONSOLE}places/", lambda: _places(stores_shown.OWN_EMPTY)),
]
