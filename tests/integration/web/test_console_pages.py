"""The tenant's console with the real database, without a script, as its administrators use it (EHQ-23, EHQ-45, ASO-23, INT-54)."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from uuid import uuid4

import pytest

from garant.access.models import NetworkRule, Session
from garant.access.queries.people import people
from garant.access.service import request_address
from garant.audit import queries as audit
from garant.edge.queries import Line
from garant.identity.models import Tenant
from garant.identity.service import tenant_transaction
from garant.kernel.text import Text
from garant.web import desk
from support.visitors import NOW, PASSWORD, Browser, Person, later, person, tenant

pytestmark = pytest.mark.django_db

CONSOLE = "/.garant/en/console/"


@pytest.fixture
def town() -> Tenant:
    return tenant("saint-elan", "Ville de Saint-Élan")


@pytest.fixture
def rosalie(town: Tenant) -> Person:
    return person(town, "rosalie", "admin", "member", name="Rosalie Béchamp")


@pytest.fixture
def omer(town: Tenant) -> Person:
    return person(town, "omer", "member", name="Omer Lavigueur")


@pytest.fixture
def stranger() -> Person:
    """The administrator of another tenant."""
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "admin", name="Bob Ailleurs")


@pytest.fixture
def admin(town: Tenant, rosalie: Person) -> Browser:
    return Browser(town).come_in(rosalie)


def text(answer: Any) -> str:
    return str(answer.content.decode())


SETTINGS = {
    "factor_rule": "required",
    "idle_minutes": "20",
    "absolute_hours": "8",
    "binding": "address",
    "address_mode": "off",
    "address_hours": "4",
}


def rules(of: Tenant) -> list[NetworkRule]:
    with tenant_transaction(of.id):
        return list(NetworkRule.objects.filter(tenant=of))


def sessions(who: Person) -> list[Session]:
    with tenant_transaction(who.tenant.id):
        return list(Session.objects.filter(tenant=who.tenant, user_id=who.id))


def rule_fields(network: str, **more: str) -> dict[str, Any]:
    return {"network": network, "verdict": "allow", "classes": ["login", "member"], "label": "Town hall", "until": "", **more}


def links(answer: Any) -> set[str]:
    return set(re.findall(r'href="(/\.garant/[^"#?]*)', text(answer)))


def test_every_page_that_the_console_links_to_answers_in_both_languages(admin: Browser, omer: Person) -> None:
    """No link leads nowhere; `Cache-Control` keeps the pages to this person."""
    seen: set[str] = set()
    waiting = {CONSOLE}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = admin.get(path)
        assert answer.status_code == 200, path
        assert (
            answer["Cache-Control"].startswith("no-store") or path.startswith("/.garant/static/") or "no-store" in answer["Cache-Control"]
        )
        if path.startswith((CONSOLE, CONSOLE.replace("/en/", "/fr/"))):
            waiting |= {link for link in links(answer) if "console" in link} - seen
    assert len(seen) > 20


def test_without_a_session_the_way_leads_to_the_sign_in_page_and_back(town: Tenant) -> None:
    answer = Browser(town).get(f"{CONSOLE}people/")
    assert answer.status_code == 302
    assert answer["Location"] == "/.garant/en/login/?next=/.garant/en/console/people/"


def test_a_member_is_told_why_not(town: Tenant, rosalie: Person, omer: Person) -> None:
    answer = Browser(town).come_in(omer).get(CONSOLE)
    assert answer.status_code == 403
    assert "administrators of your organisation" in text(answer)


def test_an_administrator_of_another_tenant_sees_and_changes_nothing_here(
    admin: Browser, rosalie: Person, omer: Person, stranger: Person
) -> None:
    other = Browser(stranger.tenant).come_in(stranger)
    assert "Omer" not in text(other.get(f"{CONSOLE}people/"))
    for path in ("", "deactivate/", "factor/", "password/"):
        assert other.get(f"{CONSOLE}people/{omer.id}/{path}").status_code == 404
    page = other.get(CONSOLE)
    (session,) = sessions(rosalie)
    assert other.post(f"{CONSOLE}sessions/{session.handle}/end/", page).status_code == 302
    assert len(sessions(rosalie)) == 1


def test_a_form_without_its_token_is_refused(admin: Browser, town: Tenant) -> None:
    answer = admin.client.post(
        f"{CONSOLE}addresses/add/",
        rule_fields("192.0.2.0/24"),
        secure=True,
        headers={"host": admin.host, "referer": f"https://{admin.host}/"},
    )
    assert answer.status_code == 403
    assert 'lang="en"' in text(answer)
    assert rules(town) == []


def test_a_network_is_added_shown_and_removed(admin: Browser, town: Tenant) -> None:
    assert admin.post(f"{CONSOLE}addresses/add/", **rule_fields("192.0.2.0/24")).status_code == 302
    page = admin.get(CONSOLE)
    assert "192.0.2.0/24 was added." in text(page)
    assert "Town hall" in text(page)
    (rule,) = rules(town)
    answer = admin.post(f"{CONSOLE}addresses/{rule.id}/remove/", confirm="1")
    assert answer.status_code == 302
    assert rules(town) == []


def test_shutting_oneself_out_is_asked_again_with_everything_that_was_typed(admin: Browser, town: Tenant) -> None:
    answer = admin.post(f"{CONSOLE}addresses/add/", **rule_fields("203.0.113.0/24"))
    assert answer.status_code == 409
    assert "192.0.2.10" in text(answer)
    assert 'name="network" value="203.0.113.0/24"' in text(answer)
    assert text(answer).count('name="classes"') == 2
    assert rules(town) == []
    assert admin.post(f"{CONSOLE}addresses/add/", answer, **rule_fields("203.0.113.0/24"), confirm="1").status_code == 302
    assert len(rules(town)) == 1


@pytest.mark.parametrize("bad", ["192.0.2.0/33", "192.0.2.1/24", "town hall", "", "fe80::1%eth0"])
def test_a_malformed_network_is_explained_beside_its_field(admin: Browser, town: Tenant, bad: str) -> None:
    answer = admin.post(f"{CONSOLE}addresses/add/", **rule_fields(bad))
    assert answer.status_code == 400
    assert "<title>Error:" in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert 'id="id_network_error"' in text(answer)
    assert rules(town) == []


def test_a_date_of_another_form_is_explained(admin: Browser) -> None:
    answer = admin.post(f"{CONSOLE}addresses/add/", **rule_fields("192.0.2.0/24", until="31/12/2026"))
    assert answer.status_code == 400
    assert "year-month-day" in text(answer)


def test_a_requested_address_is_authorised_for_the_hours_chosen(admin: Browser, town: Tenant, omer: Person) -> None:
    assert admin.post(f"{CONSOLE}addresses/add/", **rule_fields("192.0.2.0/24")).status_code == 302
    with tenant_transaction(town.id):
        asked = request_address(user=omer.id, address="203.0.113.84", reason="Power cut at the office", hours=8, at=NOW())
    page = admin.get(CONSOLE)
    assert "Omer Lavigueur asks to work from another address" in text(page)
    assert "Power cut at the office" in text(page)
    name = f"{str(asked.id)[:8]}-hours"
    assert admin.post(f"{CONSOLE}requests/{asked.id}/", page, decision="yes", **{name: "4"}).status_code == 302
    rule = next(each for each in rules(town) if each.network == "203.0.113.84/32")
    assert rule.expires_at is not None
    assert later(3 * 3600) < rule.expires_at < later(5 * 3600)
    admin.post(f"{CONSOLE}requests/{asked.id}/", page, decision="no")
    assert "no longer waits" in text(admin.get(CONSOLE))


def test_closing_a_session_ends_it(admin: Browser, town: Tenant, omer: Person) -> None:
    theirs = Browser(town).come_in(omer)
    (session,) = sessions(omer)
    assert admin.post(f"{CONSOLE}sessions/{session.handle}/end/", admin.get(CONSOLE)).status_code == 302
    assert theirs.get("/.garant/en/factors/").status_code == 302
    assert sessions(omer) == []


@pytest.mark.parametrize("act", ["sessions/{session}/end/", "people/{person}/sessions/", "people/{person}/factor/"])
def test_who_ends_their_own_session_is_led_to_the_sign_in_page(admin: Browser, rosalie: Person, act: str) -> None:
    """Done is not answered with "Nothing was changed"."""
    (session,) = sessions(rosalie)
    path = CONSOLE + act.format(session=session.handle, person=rosalie.id)
    answer = admin.post(path, admin.get(f"{CONSOLE}people/{rosalie.id}/"))
    assert (answer.status_code, answer["Location"]) == (302, "/.garant/en/login/")
    assert sessions(rosalie) == []
    assert admin.get(answer["Location"]).status_code == 200


def test_a_person_is_added_with_a_link_that_is_shown_once(admin: Browser, town: Tenant) -> None:
    fields = {"name": "Juliane Mercereau", "login": "juliane", "email": "", "roles": ["member"]}
    answer = admin.post(f"{CONSOLE}people/add/", **fields)  # type: ignore[arg-type]
    assert answer.status_code == 200
    link = re.search(r"https://[^<]+/invitation/[^<]+/", text(answer))
    assert link is not None
    assert Browser(town).get(link[0].partition(town.host)[2]).status_code == 200
    again = admin.post(f"{CONSOLE}people/add/", **fields)  # type: ignore[arg-type]
    assert again.status_code == 400
    assert "is taken" in text(again)


def test_roles_change_and_the_last_administrator_stays_one(admin: Browser, town: Tenant, rosalie: Person, omer: Person) -> None:
    assert admin.post(f"{CONSOLE}people/{omer.id}/", roles=["member", "admin"]).status_code == 302  # type: ignore[arg-type]
    with tenant_transaction(town.id):
        assert {one.login: one.roles for one in people()}["omer"] == ("admin", "member")
    assert admin.post(f"{CONSOLE}people/{omer.id}/", roles=["member"]).status_code == 302  # type: ignore[arg-type]
    answer = admin.post(f"{CONSOLE}people/{rosalie.id}/", roles=["member"])  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert "at least one active administrator" in text(answer)


def test_a_person_is_deactivated_after_a_confirmation_and_let_in_again(admin: Browser, town: Tenant, omer: Person) -> None:
    theirs = Browser(town).come_in(omer)
    page = admin.get(f"{CONSOLE}people/{omer.id}/deactivate/")
    assert theirs.get("/.garant/en/factors/").status_code == 200
    assert admin.post(f"{CONSOLE}people/{omer.id}/deactivate/", page).status_code == 302
    assert theirs.get("/.garant/en/factors/").status_code == 302
    assert Browser(town).type_password("omer", PASSWORD).status_code != 302
    assert admin.post(f"{CONSOLE}people/{omer.id}/reactivate/", admin.get(f"{CONSOLE}people/{omer.id}/")).status_code == 302
    assert Browser(town).type_password("omer", PASSWORD).status_code == 302


def test_weakening_the_second_factor_is_asked_again(admin: Browser) -> None:
    wanted = {**SETTINGS, "factor_rule": "off"}
    asked = admin.post(f"{CONSOLE}settings/", **wanted)
    assert asked.status_code == 409
    assert 'value="required" required' not in text(asked)
    assert "Recommended" in text(admin.get(f"{CONSOLE}settings/"))
    assert re.search(r'value="required"[^>]*checked', text(admin.get(f"{CONSOLE}settings/")))
    assert admin.post(f"{CONSOLE}settings/", asked, **wanted, confirm="1").status_code == 302
    assert re.search(r'value="off"[^>]*checked', text(admin.get(f"{CONSOLE}settings/")))


@pytest.mark.parametrize(
    ("field", "value"), [("idle_minutes", "2"), ("idle_minutes", "soon"), ("absolute_hours", ""), ("address_hours", "99")]
)
def test_a_setting_out_of_bounds_is_explained(admin: Browser, field: str, value: str) -> None:
    answer = admin.post(f"{CONSOLE}settings/", **{**SETTINGS, field: value})
    assert answer.status_code == 400
    assert f'id="id_{field}_error"' in text(answer)


def test_said_prefers_the_words_of_the_page() -> None:
    error = Exception("0042")
    assert desk.said(error) == "0042"
    error.text = Text("Français", "English")  # type: ignore[attr-defined]
    assert desk.said(error) == "Français"


FORMULA = Line(2, NOW(), "203.0.113.84", "h", None, "GET", "=HYPERLINK(1)", 403, 3, 10, "--", "address", "r2")


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch, omer: Person) -> list[dict[str, Any]]:
    """The journal's rows belong to the edge's role (see its own tests); here its reader answers, and notes what it was asked."""
    asked: list[dict[str, Any]] = []
    lines = [replace(FORMULA, id=1000 - n, path=f"/page/{n}", user=omer.id) for n in range(60)] + [FORMULA]

    def read(**words: Any) -> list[Line]:
        asked.append(words)
        return lines[: words["limit"]]

    monkeypatch.setattr("garant.web.views.console_journal.edge.journal", read)
    return asked


def test_the_journal_is_searched_by_words_and_days_and_read_page_by_page(
    admin: Browser, town: Tenant, journal: list[dict[str, Any]]
) -> None:
    answer = admin.get(f"{CONSOLE}journal/?q=enquetes&since=2026-11-01&until=2026-11-02&before=77")
    assert answer.status_code == 200
    assert journal[0]["tenant"] == town.id
    assert (journal[0]["text"], journal[0]["before"]) == ("enquetes", 77)
    assert journal[0]["until"].astimezone(UTC) - journal[0]["since"].astimezone(UTC) == timedelta(days=2) + timedelta(hours=1), (
        "the clock goes back in Québec that night"
    )
    assert "Omer Lavigueur" in text(answer)
    assert "q=enquetes&amp;since=2026-11-01&amp;until=2026-11-02&amp;before=951" in text(answer).replace("&amp;amp;", "&amp;")


def test_a_person_is_chosen_in_the_journal_and_moments_are_to_the_second(
    admin: Browser, omer: Person, journal: list[dict[str, Any]]
) -> None:
    page = text(admin.get(f"{CONSOLE}journal/?who={omer.id}"))
    assert journal[0]["who"] == str(omer.id)
    assert f'<option value="{omer.id}" selected>Omer Lavigueur</option>' in page
    assert re.search(r"</span> at \d\d:\d\d:\d\d</time>", page)
    assert admin.get(f"{CONSOLE}journal/?who={uuid4()}").status_code == 400
    assert len(journal) == 1


def test_every_answer_of_the_reserved_path_tells_the_edge_whom_it_was_for(town: Tenant, rosalie: Person, stranger: Person) -> None:
    """The sign-in that succeeded, the pages after it, the sign-out; not a page before it, nor a session that has ended."""
    browser = Browser(town)
    assert "X-Garant-Person" not in browser.get("/.garant/en/login/")
    browser.come_in(rosalie)
    assert browser.get(CONSOLE)["X-Garant-Person"] == str(rosalie.id)
    assert browser.get("/.garant/en/nothing/")["X-Garant-Person"] == str(rosalie.id)
    other = Browser(stranger.tenant)
    other.bring(browser.cookie)
    assert "X-Garant-Person" not in other.get(CONSOLE)
    assert browser.post("/.garant/en/logout/", browser.get(CONSOLE))["X-Garant-Person"] == str(rosalie.id)
    assert "X-Garant-Person" not in browser.get(CONSOLE)


def test_a_bad_day_asks_nothing_of_the_journal(admin: Browser, journal: list[dict[str, Any]]) -> None:
    answer = admin.get(f"{CONSOLE}journal/?since=hier")
    assert answer.status_code == 400
    assert journal == []


def test_the_export_is_a_file_without_formulas_and_leaves_an_entry(admin: Browser, town: Tenant, journal: list[dict[str, Any]]) -> None:
    answer = admin.post(f"{CONSOLE}journal/export.csv", admin.get(f"{CONSOLE}journal/"), q="", since="", until="")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="journal-saint-elan-')
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(table) == 61
    assert table[0]["name"] == "Omer Lavigueur"
    assert table[60]["path"] == "'=HYPERLINK(1)"
    with tenant_transaction(town.id):
        assert audit.entries(tenant=town.id, kinds=["admin:journal:exported"])[0].payload == {"lines": 61}
