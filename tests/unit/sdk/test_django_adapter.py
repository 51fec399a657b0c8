"""The adapter for Django: the same door, in a synchronous and in an asynchronous stack."""

import asyncio

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from garant_django.access import role_required
from garant_django.middleware import GarantIdentity, gate_from_settings
from support.assertions import OMER, ROSALIE, Signer, current

HOST = "saint-elan.garant.localhost"
SIGNER = Signer()


@pytest.fixture(autouse=True)
def garant(tmp_path):
    path = SIGNER.write(tmp_path / "public.json")
    with override_settings(GARANT_KEYS=str(path), GARANT_APPLICATION="sondage", GARANT_PUBLIC=["/s/"], GARANT_USER=f"{__name__}.user_of"):
        yield


def user_of(request, passage):
    return f"{passage.tenant}:{passage.identity.name}"


def ask(path="/", **headers):
    return RequestFactory().get(path, headers={"host": HOST, **headers})


def answer_of(request, view=None):
    """Status, and the request as the view saw it."""
    seen = []
    middleware = GarantIdentity(lambda inner: seen.append(inner) or (view(inner) if view else HttpResponse("inside")))
    return middleware(request), seen


async def later_answer_of(request, view=None):
    seen = []

    async def get_response(inner):
        seen.append(inner)
        return await view(inner) if view else HttpResponse("inside")

    return await GarantIdentity(get_response)(request), seen


def both(request_of, view=None, async_view=None):
    """The same question to a synchronous and to an asynchronous stack."""
    return [answer_of(request_of(), view), asyncio.run(later_answer_of(request_of(), async_view))]


def test_a_person_is_known_and_mapped_to_the_applications_user():
    for response, (request,) in both(lambda: ask(x_garant_assertion=current(SIGNER))):
        assert response.status_code == 200
        assert request.garant.identity.user == ROSALIE
        assert request.user == "saint-elan:Rosalie Béchamp"


def test_a_stranger_is_refused_whatever_the_plain_headers_say():
    for response, seen in both(lambda: ask(x_garant_user=str(OMER), x_garant_tenant="saint-elan", x_garant_roles="admin")):
        assert response.status_code == 401
        assert response["Cache-Control"] == "no-store"
        assert seen == []


def test_the_assertion_of_another_tenant_is_refused():
    for response, seen in both(lambda: ask(x_garant_assertion=current(SIGNER, tenant="trois-rapides"))):
        assert response.status_code == 401
        assert seen == []


def test_public_pages_pass_as_nobody_without_the_hook():
    for response, (request,) in both(lambda: ask("/s/parc/", x_garant_user=str(OMER))):
        assert response.status_code == 200
        assert request.garant.identity is None
        assert not hasattr(request, "user")
        assert "HTTP_X_GARANT_USER" not in request.META


def test_plain_headers_are_written_again_from_the_assertion():
    for _, (request,) in both(lambda: ask(x_garant_assertion=current(SIGNER), x_garant_user=str(OMER))):
        assert request.META["HTTP_X_GARANT_USER"] == str(ROSALIE)
        assert "HTTP_X_GARANT_ASSERTION" not in request.META


@role_required("author", "admin")
def view_for_authors(request):
    return HttpResponse("written")


@role_required("author", "admin")
async def async_view_for_authors(request):
    return HttpResponse("written")


def test_a_role_opens_a_view():
    for response, _ in both(lambda: ask(x_garant_assertion=current(SIGNER)), view_for_authors, async_view_for_authors):
        assert response.content == b"written"


def test_a_missing_role_is_forbidden():
    def request_of():
        return ask(x_garant_assertion=current(SIGNER, roles=["member"]))

    with pytest.raises(PermissionDenied, match="author"):
        answer_of(request_of(), view_for_authors)
    with pytest.raises(PermissionDenied, match="author"):
        asyncio.run(later_answer_of(request_of(), async_view_for_authors))


def test_nobody_gets_401_from_a_view_for_a_role():
    for response, _ in both(lambda: ask("/s/parc/"), view_for_authors, async_view_for_authors):
        assert response.status_code == 401
    assert view_for_authors(ask()).status_code == 401  # the middleware is not even installed


def test_a_role_must_be_named():
    with pytest.raises(ValueError, match="at least one"):
        role_required()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"GARANT_KEYS": ""}, "GARANT_KEYS is not set"),
        ({"GARANT_APPLICATION": ""}, "GARANT_APPLICATION is not set"),
        ({"GARANT_KEYS": "/nowhere/public.json"}, "cannot be read"),
        ({"GARANT_PUBLIC": "/s/"}, "list of path prefixes"),
    ],
)
def test_a_wrong_setting_stops_the_start(changes, words):
    with override_settings(**changes), pytest.raises(ImproperlyConfigured, match=words):
        gate_from_settings()
