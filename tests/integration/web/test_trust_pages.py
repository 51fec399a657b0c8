"""The trust page, its proofs and its documents with the real database: what is published is what was measured, and no more."""

import dataclasses
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from garant.access.middleware import Sessions
from garant.kernel.clock import ManualClock, SystemClock
from garant.statement import service
from support.database import Database
from support.evidence import HOUR
from support.statements import DOCUMENT, House, install
from support.visitors import BASE

pytestmark = pytest.mark.usefixtures("as_worker")

FR, EN = "/fr/", "/en/"


class Reader:
    """A stranger with a browser, on any host."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False, headers={"x-edge-ip": "198.51.100.9"})

    def get(self, path: str, host: str = BASE, **headers: str) -> Any:
        return self.client.get(path, secure=True, headers={"host": host, **headers})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    made = ManualClock(SystemClock().now())
    monkeypatch.setattr(Sessions, "clock", made)
    return made


@pytest.fixture
def tenants(database: Database) -> Iterator[None]:
    """The operator and one tenant, committed: the worker that publishes may not add them."""
    rows = [
        (uuid.uuid4(), "operator", "Logiciels Amélanche", BASE, True),
        (uuid.uuid4(), "saint-elan", "Saint-Élan", f"saint-elan.{BASE}", False),
    ]
    with database.connect("postgres") as admin:
        for row in rows:
            admin.execute(
                "insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at)"
                " values (%s, %s, %s, %s, %s, 'fr-ca', 'America/Toronto', false, now())",
                row,
            )
    yield
    with database.connect("postgres") as admin:
        admin.execute("delete from identity_tenant where id = any(%s)", [[row[0] for row in rows]])


@pytest.fixture
def house(tenants: None, as_worker: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> House:
    """The operator publishes the statement of the house."""
    made = House()
    install(made, monkeypatch)
    monkeypatch.setattr(settings, "GARANT", dataclasses.replace(settings.GARANT, statements=("maison",)))
    return made


@pytest.fixture
def published(house: House, clock: ManualClock) -> House:
    service.import_document(DOCUMENT, at=clock.now(), actor="system:test")
    return house


@pytest.fixture
def reader() -> Reader:
    return Reader()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_before_any_statement_the_page_says_that_nothing_is_promised(house: House, reader: Reader) -> None:
    answer = reader.get(FR)
    assert answer.status_code == 200
    assert "Aucune déclaration n’est encore publiée" in text(answer)


def test_before_any_measure_every_promise_reads_not_proven(published: House, reader: Reader) -> None:
    answer = reader.get(FR)
    assert "Aucune des 4 promesses n’est encore prouvée" in text(answer)
    assert "Aucune mesure n’a encore été faite" in text(answer)
    assert "m-tenu" not in text(answer).partition('id="legend"')[0]


def test_a_measured_promise_is_kept_then_stale_by_time_alone_then_broken(published: House, reader: Reader, clock: ManualClock) -> None:
    service.keep_once(clock=clock)
    assert text(reader.get("/en/engagements/maison/mai-01/")).count("m-tenu") >= 1
    clock.advance(48 * HOUR)
    assert "MAI-01, stale" in text(reader.get("/en/engagements/maison/mai-01/"))
    published.doors["front"].answer = False
    service.keep_once(clock=clock)
    answer = reader.get(EN)
    assert "broken" in text(answer).partition("</title>")[0]
    assert "bandeau rompu" in text(answer)
    assert "MAI-01, broken" in text(reader.get("/en/engagements/maison/mai-01/"))


def test_the_page_is_public_short_lived_and_not_sent_twice(published: House, reader: Reader) -> None:
    answer = reader.get(FR)
    assert answer["Cache-Control"] == "public, max-age=15"
    assert "Set-Cookie" not in answer
    assert "script-src 'none'" in answer["Content-Security-Policy"]
    again = reader.get(FR, **{"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_documents_for_programs_say_the_same_and_are_open_to_other_sites(published: House, reader: Reader) -> None:
    for name, key in (("statement", "claims"), ("verdicts", "verdicts")):
        answer = reader.get(f"/.well-known/garant/{name}.json")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert len(json.loads(answer.content)[key]) == 4
    assert "keys" in json.loads(reader.get("/.well-known/garant/keys.json").content)
    assert reader.get("/.well-known/garant/verdicts.json?statement=nothing").status_code == 404
    assert reader.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize(
    "path", ["/fr/engagements/maison/mai-99/", "/fr/engagements/other/mai-01/", "/fr/declarations/other/", "/fr/nothing/"]
)
def test_what_is_not_published_is_not_found_and_says_so(published: House, reader: Reader, path: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in text(answer)


def test_a_tenants_host_shows_no_trust_page(published: House, reader: Reader) -> None:
    for path in (FR, "/fr/console/", "/.well-known/garant/keys.json"):
        assert reader.get(path, host=f"saint-elan.{BASE}").status_code in (302, 401, 403, 404)


def test_the_front_page_leads_to_the_language_of_the_visitor(published: House, reader: Reader) -> None:
    answer = reader.get("/", **{"accept-language": "en-US"})
    assert (answer.status_code, answer["Location"]) == (302, "/en/")
    assert "Accept-Language" in answer["Vary"]
    assert reader.get("/", **{"accept-language": "de"})["Location"] == "/fr/"
    assert reader.get("/.garant/login/?next=/x", **{"accept-language": "en"})["Location"] == "/.garant/en/login/?next=/x"


def test_the_operators_console_asks_who_one_is(published: House, reader: Reader) -> None:
    answer = reader.get("/fr/console/")
    assert (answer.status_code, answer["Location"]) == (302, "/.garant/fr/login/?next=/fr/console/")


def test_without_its_database_the_page_says_so_in_both_languages_and_shows_no_verdict(
    published: House, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("garant.web.views.trust.statements.page", away)
    answer = reader.get(FR)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "La base de données ne répond pas" in text(answer)
    assert "The database does not answer" in text(answer)
    assert "m-tenu" not in text(answer)


def test_a_defect_is_a_page_that_tells_nothing_of_the_inside(published: House, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr("garant.web.views.trust.statements.page", fails)
    answer = reader.get(FR)
    assert answer.status_code == 500
    assert "inside" not in text(answer)
    assert answer["Cache-Control"] == "no-store"
