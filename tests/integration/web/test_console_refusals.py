"""What the tenant's console refuses: at every one of its addresses, to members, strangers, other tenants and other sites.

Whatever is refused leaves the organisation exactly as it was: `standing` reads all that the console can change.
"""

import csv
import io
import uuid
from dataclasses import dataclass, replace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from garant.access.models import AccessPolicy, Invitation, NetworkRule, Session
from garant.access.models import AddressRequest as Asked
from garant.access.queries.people import people
from garant.access.service import add_rule, request_address
from garant.audit import queries as audit
from garant.edge.queries import Line
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.web.console_urls import urlpatterns
from garant.web.sheet import DANGEROUS
from support.visitors import NOW, PASSWORD, Browser, Person, person, tenant

pytestmark = pytest.mark.django_db

CONSOLE = "/.garant/en/console/"
ACTOR = "system:test"
SETTINGS = {
    "factor_rule": "recommended",
    "idle_minutes": "20",
    "absolute_hours": "8",
    "binding": "address",
    "address_mode": "off",
    "address_hours": "4",
    "confirm": "1",
}
RULE = {"network": "203.0.113.0/24", "verdict": "allow", "classes": ["login", "member"], "label": "Garage", "until": "", "confirm": "1"}


@dataclass(frozen=True)
class Town:
    """A tenant with an administrator who is signed in, a member, and one of each thing that the console can change."""

    tenant: Tenant
    admin: Person
    member: Person
    browser: Browser
    rule: uuid.UUID
    asked: uuid.UUID
    session: uuid.UUID

    def acts(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Every address of the console that changes something or gives data away: its path, and what would be posted."""
        member = f"people/{self.member.id}/"
        paths: dict[str, tuple[str, dict[str, Any]]] = {
            "rule-add": ("addresses/add/", RULE),
            "rule-remove": (f"addresses/{self.rule}/remove/", {"confirm": "1"}),
            "decide": (f"requests/{self.asked}/", {"decision": "yes", f"{str(self.asked)[:8]}-hours": "4"}),
            "session-end": (f"sessions/{self.session}/end/", {}),
            "person-add": ("people/add/", {"name": "Juliane", "login": "juliane", "email": "", "roles": ["admin"]}),
            "person": (member, {"roles": ["member", "admin"]}),
            "person-deactivate": (f"{member}deactivate/", {"confirm": "1"}),
            "person-reactivate": (f"{member}reactivate/", {}),
            "person-factor": (f"{member}factor/", {}),
            "person-password": (f"{member}password/", {}),
            "person-sessions": (f"{member}sessions/", {}),
            "settings": ("settings/", SETTINGS),
            "journal-export": ("journal/export.csv", {"q": "", "since": "", "until": ""}),
        }
        return {name: (CONSOLE + path, fields) for name, (path, fields) in paths.items()}


READ_ONLY = {"access", "people", "journal", "evidence", "places"}


def town(slug: str, name: str, login: str) -> Town:
    made = tenant(slug, name)
    admin = person(made, login, "admin", "member", name=f"{login.title()} de {name}")
    member = person(made, f"{login}-member", "member", name=f"Membre de {name}")
    browser = Browser(made).come_in(admin)
    Browser(made).come_in(member)
    with tenant_transaction(made.id):
        rule = add_rule(network="192.0.2.0/24", verdict="allow", classes=("login", "member"), at=NOW(), actor=ACTOR, confirm=True)
        asked = request_address(user=member.id, address="203.0.113.84", reason="Power cut", hours=8, at=NOW())
        session = Session.objects.get(user_id=member.id).handle
    return Town(made, admin, member, browser, rule, asked.id, session)


@pytest.fixture
def elan() -> Town:
    return town("saint-elan", "Ville de Saint-Élan", "rosalie")


@pytest.fixture
def rapides() -> Town:
    return town("trois-rapides", "MRC des Trois-Rapides", "bob")


def standing(of: Town) -> dict[str, Any]:
    """All that the console could have changed."""
    with tenant_transaction(of.tenant.id):
        return {
            "people": [(one.login, one.roles, one.active, one.factor) for one in people()],
            "passwords": sorted(user.pk for user in get_user_model().objects.all() if user.has_usable_password()),
            "factors": sorted(Authenticator.objects.values_list("user_id", "type")),
            "links": Invitation.objects.count(),
            "rules": sorted(NetworkRule.objects.values_list("network", "verdict")),
            "requests": sorted(Asked.objects.values_list("id", "state")),
            "sessions": sorted(Session.objects.exclude(user=None).values_list("handle", flat=True)),
            "settings": list(AccessPolicy.objects.values()),
            "exports": len(audit.entries(tenant=of.tenant.id, kinds=["admin:journal:exported"])),
        }


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_list_of_acts_is_the_whole_console(elan: Town) -> None:
    """A new address of the console must come here too."""
    assert set(elan.acts()) | READ_ONLY == {pattern.name for pattern in urlpatterns}


def test_a_member_reads_nothing_and_changes_nothing(elan: Town) -> None:
    member = Browser(elan.tenant)
    other = person(elan.tenant, "omer", "member", "auditor")
    member.come_in(other)
    page = member.get("/.garant/en/factors/")
    before = standing(elan)
    assert {name: member.post(path, page, **fields).status_code for name, (path, fields) in elan.acts().items()} == dict.fromkeys(
        elan.acts(), 403
    )
    read = [
        CONSOLE,
        *(f"{CONSOLE}{name}/" for name in ("people", "settings", "journal", "evidence", "places")),
        f"{CONSOLE}people/{elan.admin.id}/",
    ]
    assert {path: member.get(path).status_code for path in read} == dict.fromkeys(read, 403)
    assert "Rosalie" not in text(member.get(f"{CONSOLE}people/{elan.admin.id}/"))
    assert standing(elan) == before


def test_nobody_without_a_session_gets_further_than_the_sign_in_page(elan: Town) -> None:
    stranger = Browser(elan.tenant)
    page = stranger.get("/.garant/en/login/")
    before = standing(elan)
    for name, (path, fields) in elan.acts().items():
        answer = stranger.post(path, page, **fields)
        assert (name, answer.status_code) == (name, 302)
        assert answer["Location"].startswith("/.garant/en/login/?next="), name
    assert standing(elan) == before


def test_another_site_cannot_post_in_an_administrators_name(elan: Town) -> None:
    """Neither without the token, nor with it from a page of another origin."""
    token = elan.browser.get(CONSOLE).wsgi_request.META["CSRF_COOKIE"]
    before = standing(elan)
    for name, (path, fields) in elan.acts().items():
        for headers, more in (
            ({"referer": f"https://{elan.tenant.host}/"}, {}),
            ({"origin": "https://evil.example"}, {"csrfmiddlewaretoken": token}),
            ({"referer": "https://evil.example/"}, {"csrfmiddlewaretoken": token}),
        ):
            sent = {"host": elan.tenant.host, **headers}
            answer = elan.browser.client.post(path, {**fields, **more}, secure=True, headers=sent)
            assert (name, headers, answer.status_code) == (name, headers, 403)
    assert standing(elan) == before


def test_the_administrator_of_another_tenant_finds_none_of_these_ids(elan: Town, rapides: Town) -> None:
    before, theirs = standing(elan), standing(rapides)
    page = rapides.browser.get(CONSOLE)
    own = {"rule-add", "person-add", "settings", "journal-export"}
    found = {
        name: rapides.browser.post(path, page, **fields).status_code for name, (path, fields) in elan.acts().items() if name not in own
    }
    told = {"decide": "no longer waits", "session-end": "was closed already"}
    assert found == {name: 302 if name in told else 404 for name in elan.acts() if name not in own}
    for name, words in told.items():
        path, fields = elan.acts()[name]
        rapides.browser.post(path, page, **fields)
        assert words in text(rapides.browser.get(CONSOLE))
    assert standing(elan) == before
    assert standing(rapides) == theirs
    for path, _ in elan.acts().values():
        if str(elan.member.id) in path or str(elan.rule) in path:
            assert rapides.browser.get(path).status_code in (404, 405), path


def test_an_administrators_cookie_opens_no_console_of_another_host(elan: Town, rapides: Town) -> None:
    before = standing(rapides)
    thief = Browser(rapides.tenant)
    page = thief.get("/.garant/en/login/")
    for name, (path, fields) in rapides.acts().items():
        thief.bring(elan.browser.cookie)
        answer = thief.client.post(
            path,
            {**fields, "csrfmiddlewaretoken": page.wsgi_request.META["CSRF_COOKIE"]},
            secure=True,
            headers={"host": rapides.tenant.host, "referer": f"https://{rapides.tenant.host}/"},
        )
        assert (name, answer.status_code in (302, 403)) == (name, True)
        assert answer.get("Location", "/.garant/en/login/").startswith("/.garant/en/login/"), name
    assert standing(rapides) == before


def test_the_last_administrator_can_neither_be_shut_out_nor_step_down(elan: Town) -> None:
    before = standing(elan)
    me = f"{CONSOLE}people/{elan.admin.id}/"
    answer = elan.browser.post(f"{me}deactivate/", confirm="1")
    assert answer.status_code == 409
    assert "at least one active administrator" in text(answer)
    answer = elan.browser.post(me, roles=["member"], confirm="1")  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert standing(elan) == before


def test_giving_ones_own_administration_up_is_asked_again(elan: Town) -> None:
    me, second = f"{CONSOLE}people/{elan.admin.id}/", f"{CONSOLE}people/{elan.member.id}/"
    assert elan.browser.post(second, roles=["member", "admin"]).status_code == 302  # type: ignore[arg-type]
    before = standing(elan)
    asked = elan.browser.post(me, roles=["member"])  # type: ignore[arg-type]
    assert asked.status_code == 409
    assert "take your own access away" in text(asked)
    assert 'name="confirm"' in text(asked)
    assert standing(elan) == before
    assert elan.browser.post(me, asked, roles=["member"], confirm="1").status_code == 302  # type: ignore[arg-type]
    assert elan.browser.get(CONSOLE).status_code == 403


def test_removing_the_network_that_one_sits_in_is_asked_again(elan: Town) -> None:
    with tenant_transaction(elan.tenant.id):
        add_rule(network="198.51.100.0/24", verdict="allow", classes=("login", "member"), at=NOW(), actor=ACTOR, confirm=True)
    before = standing(elan)
    path = f"{CONSOLE}addresses/{elan.rule}/remove/"
    asked = elan.browser.post(path)
    assert asked.status_code == 409
    assert "192.0.2.10" in text(asked)
    assert standing(elan) == before
    assert elan.browser.post(path, asked, confirm="1").status_code == 302
    assert elan.browser.get(CONSOLE).status_code in (302, 403)


def test_a_new_link_kills_the_old_password_and_every_session(elan: Town) -> None:
    answer = elan.browser.post(f"{CONSOLE}people/{elan.member.id}/password/")
    assert answer.status_code == 200
    assert f"https://{elan.tenant.host}/.garant/en/invitation/" in text(answer)
    assert Browser(elan.tenant).type_password(elan.member.login, PASSWORD).status_code != 302
    with tenant_transaction(elan.tenant.id):
        assert not Session.objects.filter(user_id=elan.member.id).exists()


def test_a_forgotten_factor_is_enrolled_again_at_the_next_sign_in(elan: Town) -> None:
    assert elan.browser.post(f"{CONSOLE}people/{elan.member.id}/factor/").status_code == 302
    answer = Browser(elan.tenant).type_password(elan.member.login)
    assert answer["Location"] == "/.garant/en/login/enrol/"


def test_no_cell_of_the_export_begins_a_formula(elan: Town, rapides: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a request writes its path, its host and its method: an administrator's spreadsheet must not run them."""
    evil = person(elan.tenant, "evil", "member", name="=cmd|' /C calc'!A0")
    line = Line(1, NOW(), "203.0.113.84", "h", evil.id, "GET", "/", 200, 3, 10, "--", "", "r1")
    given = [replace(line, id=n, method=f"{mark}M", host=f"{mark}h", path=f" {mark}p") for n, mark in enumerate(DANGEROUS)]
    asked: list[uuid.UUID] = []

    def read(**words: Any) -> list[Line]:
        asked.append(words["tenant"])
        return given

    monkeypatch.setattr("garant.web.views.console_journal.edge.journal", read)
    answer = elan.browser.post(f"{CONSOLE}journal/export.csv", elan.browser.get(CONSOLE), q="", since="", until="")
    assert answer.status_code == 200
    assert asked == [elan.tenant.id]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))[1:]
    assert len(rows) == len(DANGEROUS)
    cells = [value for row in rows for value in row]
    assert [value for value in cells if value.lstrip(" ").startswith(DANGEROUS)] == []
    assert sum(value.startswith("'") for value in cells) == 4 * len(DANGEROUS)
    assert standing(rapides)["exports"] == 0


def test_a_bad_period_exports_nothing_and_leaves_no_entry(elan: Town) -> None:
    answer = elan.browser.post(f"{CONSOLE}journal/export.csv", elan.browser.get(CONSOLE), q="", since="hier", until="")
    assert answer.status_code == 400
    assert "attachment" not in answer.get("Content-Disposition", "")
    assert standing(elan)["exports"] == 0
