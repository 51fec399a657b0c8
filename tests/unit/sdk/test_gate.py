"""No request passes without a valid assertion, whatever else it says about itself."""

import asyncio
import io

import pytest

from garant.kernel.clock import ManualClock
from garant.sdk import AssertionForged, AssertionMalformed, AssertionMissing, AssertionRefused, Gate, KeySet, tenant_of_host
from garant.sdk.asgi import GarantGate as AsgiGate
from garant.sdk.wsgi import GarantGate as WsgiGate
from support.assertions import NOON, OMER, ROSALIE, Signer

SIGNER = Signer()
GATE = Gate(KeySet.from_json(SIGNER.jwks()), "sondage", public=("/s/", "/healthz"), clock=ManualClock(NOON))
HOST = "saint-elan.garant.localhost:8443"
OTHER = "trois-rapides.garant.localhost:8443"
TOKEN = SIGNER.token()


def admit(*headers, host=HOST, path="/"):
    return GATE.admit(host=host, path=path, headers=headers)


@pytest.mark.parametrize(
    ("host", "tenant"),
    [
        ("saint-elan.garant.localhost:8443", "saint-elan"),
        ("Saint-Elan.Example.org", "saint-elan"),
        ("localhost", ""),
        ("localhost:80", ""),
        ("", ""),
        (".example.org", ""),
        ("a..b", "a"),
        ("[::1]:80", ""),
        ("under_score.example.org", ""),
        ("é.example.org", ""),
    ],
)
def test_the_tenant_is_the_first_label_of_the_host(host, tenant):
    assert tenant_of_host(host) == ("" if host == "a..b" and not tenant else tenant)


def test_with_an_assertion_a_person_passes():
    passage = admit(("X-Garant-Assertion", TOKEN))
    assert passage.tenant == "saint-elan"
    assert passage.identity.user == ROSALIE
    assert dict(passage.headers()) == {"x-garant-tenant": "saint-elan", "x-garant-user": str(ROSALIE), "x-garant-roles": "author,member"}


def test_plain_headers_alone_open_nothing():
    with pytest.raises(AssertionMissing):
        admit(("X-Garant-User", str(ROSALIE)), ("X-Garant-Tenant", "saint-elan"), ("X-Garant-Roles", "admin"))


def test_the_assertion_of_one_tenant_opens_nothing_at_another():
    with pytest.raises(AssertionForged):
        admit(("X-Garant-Assertion", TOKEN), host=OTHER)


@pytest.mark.parametrize("twin", ["X-Garant-Assertion", "x-garant-assertion", "X_Garant_Assertion", "x-garant_ASSERTION"])
def test_two_assertions_are_refused_even_when_both_are_good(twin):
    with pytest.raises(AssertionMalformed):
        admit(("X-Garant-Assertion", TOKEN), (twin, TOKEN))


def test_a_host_without_a_tenant_opens_nothing():
    with pytest.raises(AssertionRefused):
        admit(("X-Garant-Assertion", TOKEN), host="localhost:8443")


def test_public_paths_pass_as_nobody():
    assert admit(path="/s/parc/").identity is None
    assert admit(path="/healthz").tenant == "saint-elan"


def test_a_bad_assertion_on_a_public_path_is_nobody():
    assert admit(("X-Garant-Assertion", "forged"), path="/s/parc/").identity is None
    assert admit(("X-Garant-Assertion", TOKEN), path="/s/parc/", host=OTHER).identity is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/S/parc",
        "/s",
        "/healthz/",
        "/healthzz",
        "/s/../gestion/",
        "/s/..",
        "//s/",
        "/s//x",
        "/s/%2e%2e/gestion",
        "/s/;x",
        "/s\\x",
        "/s/\x00",
        "/s/./x",
    ],
)
def test_what_only_looks_public_is_not(path):
    with pytest.raises(AssertionMissing):
        admit(path=path)


# WSGI


def environ(path="/", host=HOST, **more):
    return {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "HTTP_HOST": host, "wsgi.input": io.BytesIO(), **more}


def call_wsgi(environment):
    seen, answer = [], {}

    def application(inner, start_response):
        seen.append(inner)
        start_response("200 OK", [])
        return [b"inside"]

    def start_response(status, headers):
        answer.update(status=status, headers=dict(headers))

    body = b"".join(WsgiGate(application, gate=GATE)(environment, start_response))
    return answer, body, seen


def test_wsgi_refuses_a_stranger_with_401_and_does_not_call_the_application():
    answer, body, seen = call_wsgi(environ(HTTP_X_GARANT_USER=str(ROSALIE), HTTP_X_GARANT_ROLES="admin"))
    assert answer["status"] == "401 Unauthorized"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert int(answer["headers"]["Content-Length"]) == len(body)
    assert seen == []


def test_wsgi_writes_the_plain_headers_from_the_assertion():
    forged = {"HTTP_X_GARANT_USER": str(OMER), "HTTP_X_GARANT_ROLES": "admin", "HTTP_X_GARANT_EXTRA": "1"}
    answer, body, (inner,) = call_wsgi(environ(HTTP_X_GARANT_ASSERTION=TOKEN, **forged))
    assert (answer["status"], body) == ("200 OK", b"inside")
    assert {key: value for key, value in inner.items() if key.startswith("HTTP_X_GARANT")} == {
        "HTTP_X_GARANT_TENANT": "saint-elan",
        "HTTP_X_GARANT_USER": str(ROSALIE),
        "HTTP_X_GARANT_ROLES": "author,member",
    }
    assert inner["garant.identity"].user == ROSALIE


def test_wsgi_strips_forged_headers_on_a_public_page():
    _, _, (inner,) = call_wsgi(environ("/s/parc/", HTTP_X_GARANT_USER=str(OMER)))
    assert "HTTP_X_GARANT_USER" not in inner
    assert inner["garant.identity"] is None
    assert inner["garant.tenant"] == "saint-elan"


def test_wsgi_refuses_the_joined_form_of_a_duplicated_header():
    answer, _, seen = call_wsgi(environ(HTTP_X_GARANT_ASSERTION=f"{TOKEN},{TOKEN}"))
    assert answer["status"].startswith("401")
    assert seen == []


# ASGI


def call_asgi(scope):
    seen, sent = [], []

    async def application(inner, receive, send):
        seen.append(inner)

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    asyncio.run(AsgiGate(application, gate=GATE)(scope, receive, send))
    return sent, seen


def scope(*headers, kind="http", path="/", host=HOST):
    return {"type": kind, "path": path, "headers": [(b"host", host.encode()), *headers]}


def test_asgi_refuses_a_stranger():
    sent, seen = call_asgi(scope((b"x-garant-user", str(ROSALIE).encode())))
    assert [message.get("status") for message in sent] == [401, None]
    assert seen == []


def test_asgi_closes_a_strangers_websocket_before_it_is_accepted():
    sent, seen = call_asgi(scope(kind="websocket"))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert seen == []


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_asgi_passes_a_person_with_verified_headers(kind):
    forged = [(b"X_Garant_User", b"1"), (b"x-garant-roles", b"admin")]
    _, (inner,) = call_asgi(scope((b"x-garant-assertion", TOKEN.encode()), *forged, kind=kind))
    assert inner["garant"].identity.user == ROSALIE
    assert dict(inner["headers"])[b"x-garant-roles"] == b"author,member"
    assert [name for name, _ in inner["headers"]].count(b"x-garant-user") == 1
    assert b"X_Garant_User" not in dict(inner["headers"])


def test_asgi_refuses_two_hosts():
    sent, seen = call_asgi(scope((b"x-garant-assertion", TOKEN.encode()), (b"host", OTHER.encode())))
    assert sent[0]["status"] == 401
    assert seen == []


def test_asgi_leaves_the_lifespan_alone():
    _, (inner,) = call_asgi({"type": "lifespan"})
    assert inner == {"type": "lifespan"}
