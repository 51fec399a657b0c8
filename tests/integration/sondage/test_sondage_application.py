"""The example application on a real PostgreSQL, served by granian on a Unix socket; and its own tests."""

import re

import pytest

from support.assertions import OMER, ROSALIE, current
from support.sondage import Sondage

ELAN, RAPIDES = "saint-elan.garant.localhost", "trois-rapides.garant.localhost"


@pytest.fixture(scope="module")
def application(database):
    with Sondage(database) as made:
        made.start()
        yield made


def test_its_own_tests_pass(application):
    done = application.manage("test", "tests", "-v0", owner=True)
    assert int(re.search(r"Ran (\d+) tests", done.stderr)[1]) >= 35


def test_its_migrations_are_up_to_date(application):
    application.manage("makemigrations", "--check", "--dry-run")


def test_it_serves_its_public_page_to_anybody_and_its_list_to_nobody(application):
    page = application.ask("/s/parc-riverain/")
    assert page.status == 200
    assert "Quel parc voulez-vous" in page.text
    assert application.ask("/").status == 401
    assert application.ask("/gestion/nouveau/").status == 401


def test_a_person_reads_the_list_of_their_own_organisation(application):
    for host, tenant, own, other in (
        (ELAN, "saint-elan", "bord de la rivière", "Lac au Héron"),
        (RAPIDES, "trois-rapides", "Lac au Héron", "bord de la rivière"),
    ):
        page = application.ask("/", host=host, X_Garant_Assertion=current(application.signer, tenant=tenant))
        assert page.status == 200
        assert own in page.text
        assert other not in page.text


def test_an_assertion_for_one_organisation_is_refused_by_the_other(application):
    assert application.ask("/", host=RAPIDES, X_Garant_Assertion=current(application.signer)).status == 401


@pytest.mark.parametrize(
    "names",
    [
        ["X-Garant-Assertion", "X-Garant-Assertion"],
        ["X-Garant-Assertion", "x-garant-assertion"],
        ["X-Garant-Assertion", "X_Garant_Assertion"],
    ],
)
def test_through_a_real_server_a_forged_second_assertion_never_makes_a_person(application, names):
    """Whatever a server does with a repeated header, the one that counts was signed: Omer's forged words never do."""
    good, forged = current(application.signer), "eyJhbGciOiJub25lIn0.e30."
    for values in ((good, forged), (forged, good)):
        headers = [*zip(names, values, strict=True), ("X-Garant-User", str(OMER)), ("X-Garant-Roles", "admin")]
        answer = application.ask_raw("/", headers, host=ELAN)
        assert answer.status in (200, 400, 401)
        assert answer.status != 200 or "Rosalie Béchamp" in answer.text


def test_plain_headers_open_nothing(application):
    answer = application.ask("/", X_Garant_User=str(ROSALIE), X_Garant_Tenant="saint-elan", X_Garant_Roles="admin")
    assert answer.status == 401


@pytest.mark.parametrize("path", ["/s/../gestion/nouveau/", "/s/%2e%2e/gestion/nouveau/", "//s/parc-riverain/", "/s/..;/", "/s\\..\\"])
def test_no_spelling_of_a_public_path_opens_a_page_for_members(application, path):
    answer = application.ask(path)
    assert answer.status in (400, 401, 404)
    assert "Nouveau sondage" not in answer.text


def test_every_page_says_what_a_browser_may_load(application):
    for path in ("/s/parc-riverain/", "/s/none/", "/"):
        answer = application.ask(path, X_Garant_Assertion=current(application.signer))
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.body) < 30_000


def test_its_sheet_is_served_to_anybody(application):
    answer = application.ask("/static/surveys/sondage.css")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")


def test_an_unknown_host_is_refused(application):
    assert application.ask("/s/parc-riverain/", host="evil.example.org").status == 400


def test_without_its_database_it_says_so_and_recovers(application):
    with application.database.administrator.connect("postgres") as server:
        server.execute(f"alter database {application.name} allow_connections false")
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (application.name,))
        try:
            assert application.ask("/healthz", host="localhost").status in (500, 503)
            assert application.ask("/s/parc-riverain/").status == 500
        finally:
            server.execute(f"alter database {application.name} allow_connections true")
    assert application.ask("/healthz", host="localhost").status == 200
