"""From the edge's header to the application's page: a real HAProxy, a real assertion, the example application."""

import re
from urllib.parse import urlencode

import pytest

from support.assertions import OMER, current
from support.edge import HOST, OTHER, RouteRule, edge_rig
from support.sondage import Sondage

ROUTES = (RouteRule("/s/", "public"), RouteRule("/static/", "public"), RouteRule("/gestion/", "member", ("author", "admin")))
FORGED = [("X-Garant-User", str(OMER)), ("x-garant-roles", "admin"), ("X_Garant_Tenant", "trois-rapides"), ("X-Garant-Assertion", "a.b.c")]


@pytest.fixture(scope="module")
def application(database):
    with Sondage(database) as made:
        made.start()
        made.data.chmod(0o755)
        made.socket.chmod(0o666)
        yield made


@pytest.fixture(scope="module")
def rig(application):
    with edge_rig(application=f"unix@{application.socket}", routes=ROUTES) as made:
        yield made


def test_a_person_is_greeted_by_name_and_forged_headers_change_nothing(rig, application):
    sid = rig.decide.grant("rosalie", roles="author,member", assertion=current(application.signer))
    for _ in range(2):  # a miss, then a hit
        answer = rig.ask("/", sid=sid, headers=FORGED)
        assert answer.status == 200
        assert "Rosalie Béchamp" in answer.body.decode()
    assert rig.ask("/gestion/nouveau/", sid=sid).status == 200


def test_anybody_opens_the_public_page_and_nobody_else_gets_in(rig):
    assert "Quel parc voulez-vous" in rig.ask("/s/parc-riverain/", headers=FORGED).body.decode()
    assert rig.ask("/", headers=FORGED).server == "web"


def test_the_pages_of_the_other_tenant_stay_its_own(rig):
    assert rig.ask("/s/parc-riverain/", host=OTHER).status == 404
    assert rig.ask("/s/lake-access/", host=OTHER).status == 200
    assert rig.ask("/s/lake-access/", host=HOST).status == 404


def test_an_assertion_that_an_edge_should_not_have_cached_is_refused_by_the_application(rig, application):
    """The edge is misled; the application still looks at whom and what the assertion is for."""
    for number, token in enumerate((current(application.signer, tenant="trois-rapides"), "a.b.c", application.signer.token())):
        assert rig.ask("/", sid=rig.decide.grant(f"misled-{number}", assertion=token)).status == 401


def test_a_form_is_sent_by_a_browser_with_the_applications_own_cookie(rig, application):
    """Origin and Host as a browser gives them, the port included; Garant's cookie is not needed and is not passed on."""
    page = rig.ask("/s/parc-riverain/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())[1]
    choice = re.search(r'type="radio" name="(q-[^"]+)" value="Jamais"', page.body.decode())[1]
    cookie = page.header("set-cookie").split(";")[0]
    body = urlencode({"csrfmiddlewaretoken": token, choice: "Jamais"}).encode()
    headers = {"Cookie": cookie, "Origin": f"https://{HOST}:{rig.plan.https}", "Content-Type": "application/x-www-form-urlencoded"}
    sent = rig.ask("/s/parc-riverain/", method="POST", headers=headers, body=body)
    assert (sent.status, sent.header("location")) == (302, "/s/parc-riverain/merci/")
    assert rig.ask("/s/parc-riverain/merci/").status == 200
    elsewhere = {**headers, "Origin": "https://evil.example.org"}
    assert rig.ask("/s/parc-riverain/", method="POST", headers=elsewhere, body=body).status == 403
