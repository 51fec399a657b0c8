"""The page where a refused person asks for their address: identity for it alone, and no session (ASO-23, ASO-35, ASO-36)."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.urls import include, path

from garant.access.models import AccessPolicy, AddressRequest, NetworkRule, Session
from garant.access.policy.totp import code, step_of
from garant.access.service.addresses import add_rule
from garant.access.service.factors import enrol_totp
from garant.access.service.passwords import set_password
from garant.audit.queries import entries
from garant.identity.service import add_tenant, add_user, tenant_transaction
from garant.kernel.clock import SystemClock
from garant.vault import service as vault
from garant.web.i18n import reserved

pytestmark = pytest.mark.django_db

urlpatterns = reserved(path("", include("garant.access.urls")))

HOME, DESK = "203.0.113.9", "198.51.100.7"
FORM = "/.garant/fr/address/"
WORD = "quatre chevaux, une agrafe"
SECRET = b"12345678901234567890"
PEOPLE = {"omer": ("member",), "rosalie": ("admin", "member")}


class House:
    """An organisation confined to its office, with two people who have their factor."""

    def __init__(self, slug: str, name: str) -> None:
        self.slug, self.now = slug, SystemClock().now()
        self.host = f"{slug}.{django_settings.BASE_HOST}"
        with tenant_transaction(None, scope="operator"):
            self.id = add_tenant(slug=slug, name=name, host=self.host, at=self.now, actor="system:test").id
        self.people: dict[str, uuid.UUID] = {}
        earlier = self.now - timedelta(minutes=10)
        with tenant_transaction(self.id):
            add_rule(network="198.51.100.0/24", verdict="allow", classes=("login", "member"), at=self.now, actor="system:test")
            for login, roles in PEOPLE.items():
                person = add_user(login=login, name=login.title(), at=self.now, actor="system:test", roles=roles).id
                set_password(user=person, raw=WORD, actor="system:test", at=self.now)
                enrol_totp(user=person, secret=SECRET, code=code(SECRET, step_of(earlier)), actor="system:test", at=earlier)
                self.people[login] = person

    def post(self, *, address: str = HOME, language: str = "fr", **changes: str) -> Any:
        """Send the form as Omer would from home, on a fresh browser, token included."""
        client = Client(enforce_csrf_checks=True)
        page = self.get(client, address=address, language=language)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
        assert token is not None
        fields = {"login": "omer", "password": WORD, "code": self.code(), "reason": "Panne de courant", "hours": "8", **changes}
        answer = client.post(
            FORM.replace("fr", language),
            {**fields, "csrfmiddlewaretoken": token[1]},
            headers={"host": self.host, "x-forwarded-proto": "https", "x-edge-ip": address, "referer": f"https://{self.host}{FORM}"},
        )
        answer.client = client
        return answer

    def get(self, client: Client, *, address: str = HOME, language: str = "fr", place: str = FORM) -> Any:
        headers = {"host": self.host, "x-forwarded-proto": "https", "x-edge-ip": address}
        return client.get(place.replace("fr", language), headers=headers)

    def code(self) -> str:
        return code(SECRET, step_of(SystemClock().now()))

    def choose(self, mode: str) -> None:
        with tenant_transaction(self.id):
            AccessPolicy.objects.update_or_create(tenant_id=self.id, defaults={"address_mode": mode, "changed_at": self.now})

    def states(self) -> list[str]:
        with tenant_transaction(self.id):
            return list(AddressRequest.objects.order_by("created_at").values_list("state", flat=True))

    def allowed(self) -> list[str]:
        with tenant_transaction(self.id):
            return list(NetworkRule.objects.filter(origin="self").values_list("network", flat=True))


@pytest.fixture(autouse=True)
def _pages(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    cache.clear()
    vault.make_root()


@pytest.fixture
def ours() -> House:
    return House("saint-elan", "Ville de Saint-Élan")


def test_the_page_answers_a_refused_address_and_shows_nothing_of_the_organisation(ours: House) -> None:
    page = ours.get(Client())
    text = page.content.decode()
    assert page.status_code == 200
    assert HOME in text
    assert "Saint-Élan" not in text
    assert ours.get(Client(), place="/.garant/fr/login/").status_code == 403
    assert page["Cache-Control"].startswith("max-age=0")
    assert "<script" not in text


def test_a_member_files_a_request_and_nobody_is_signed_in(ours: House) -> None:
    answer = ours.post()
    assert answer.status_code == 200, answer.content.decode()
    assert ours.states() == ["pending"]
    assert ours.allowed() == []
    with tenant_transaction(ours.id):
        assert not Session.objects.filter(user__isnull=False).exists()
    assert ours.get(answer.client, place="/.garant/fr/login/").status_code == 403
    assert "Saint-Élan" not in answer.content.decode()


def test_the_anonymous_session_of_the_form_opens_nothing_from_inside_either(ours: House) -> None:
    answer = ours.post()
    page = ours.get(answer.client, address=DESK, place="/.garant/fr/factors/")
    assert page.status_code == 302
    assert "/.garant/fr/login/" in page["Location"]


def test_an_administrator_outside_opens_their_own_address(ours: House) -> None:
    """ASO-35: the office has no power, and nobody is inside to approve."""
    assert ours.post(login="rosalie").status_code == 200
    assert ours.states() == ["auto"]
    assert ours.allowed() == [f"{HOME}/32"]
    assert ours.get(Client(), place="/.garant/fr/login/").status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"login": "personne"}, {"password": "une autre phrase, tout autre"}, {"code": "000000"}], ids=["name", "password", "code"]
)
def test_a_wrong_name_password_or_code_gets_one_and_the_same_answer(ours: House, wrong: dict[str, str]) -> None:
    answer = ours.post(**wrong)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert ours.states() == []
    summary = re.search(r'<div class="sommaire".*?</div>', text, re.S)
    assert summary is not None
    assert "<a href" not in summary[0]
    assert WORD not in text
    with tenant_transaction(ours.id):
        assert entries(tenant=ours.id)[0].kind == "user:session:refused"


def test_a_code_serves_once(ours: House) -> None:
    typed = ours.code()
    assert ours.post(login="omer", code=typed).status_code == 200
    assert ours.post(login="omer", code=typed).status_code == 400


def test_people_of_another_organisation_are_unknown_here(ours: House) -> None:
    theirs = House("trois-rapides", "MRC des Trois-Rapides")
    with tenant_transaction(theirs.id):
        person = add_user(login="ailleurs", name="Ailleurs", at=theirs.now, actor="system:test", roles=("member",)).id
        set_password(user=person, raw=WORD, actor="system:test", at=theirs.now)
    assert ours.post(login="ailleurs").status_code == 400
    assert theirs.states() == []


def test_tries_are_counted_as_at_login(ours: House) -> None:
    statuses = [
        ours.post(password=f"essai numéro {number} trop court", address=f"203.0.113.{number}").status_code for number in range(1, 8)
    ]
    assert statuses[:5] == [400] * 5
    assert set(statuses[5:]) == {429}
    assert ours.post().status_code == 429
    assert ours.states() == []


def test_one_address_may_not_hammer_the_page(ours: House) -> None:
    statuses = [ours.post(login=f"personne{number}").status_code for number in range(12)]
    assert statuses[-1] == 429
    assert statuses[0] == 400


def test_where_requests_are_not_taken_the_page_says_no_more(ours: House) -> None:
    ours.choose("off")
    page = ours.get(Client())
    assert page.status_code == 404
    assert "<form" not in page.content.decode()


def test_an_allowed_address_has_nothing_to_ask(ours: House) -> None:
    answer = ours.post(address=DESK)
    assert answer.status_code == 409
    assert DESK in answer.content.decode()
    assert ours.states() == []


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": "x" * 301}, {"hours": "5000"}, {"hours": ""}, {"login": ""}, {"code": ""}])
def test_what_is_missing_is_said_by_the_field_and_what_was_typed_is_kept(ours: House, wrong: dict[str, str]) -> None:
    answer = ours.post(**wrong)
    text = answer.content.decode()
    field = next(iter(wrong))
    assert answer.status_code == 400
    assert f'<a href="#id_{field}">' in text
    assert 'aria-invalid="true"' in text
    if field != "reason":
        assert "Panne de courant" in text
    assert WORD not in text
    assert ours.states() == []


def test_a_post_without_its_token_is_refused(ours: House) -> None:
    client = Client(enforce_csrf_checks=True)
    headers = {"host": ours.host, "x-forwarded-proto": "https", "x-edge-ip": HOME}
    assert client.post(FORM, {"login": "omer"}, headers=headers).status_code == 403


def test_the_page_speaks_both_languages(ours: House) -> None:
    french, english = (ours.get(Client(), language=language).content.decode() for language in ("fr", "en"))
    assert 'lang="fr-CA"' in french
    assert 'lang="en-CA"' in english
    assert "Authorise this address" in english


def test_the_answer_tells_until_when(ours: House) -> None:
    ours.choose("hours")
    answer = ours.post(language="en")
    assert "This address is allowed" in answer.content.decode()
    with tenant_transaction(ours.id):
        found = AddressRequest.objects.get()
    assert found.expires_at - found.created_at == timedelta(hours=8)
    assert found.created_at.tzinfo is not None
    assert found.created_at <= datetime.now(UTC)
