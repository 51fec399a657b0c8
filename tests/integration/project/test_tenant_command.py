"""`garant tenant add` on a running deployment: its link leads to the page where a password is chosen; a refusal leaves nothing."""

import json
from collections.abc import Iterator

import pytest

from support.command import garant
from support.world import World, token, wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def place() -> Iterator[World]:
    """A deployment of its own: organisations that are added here would be counted elsewhere."""
    made = World(statements=("aso",))
    try:
        made.start()
        wait_until(lambda: made.visit("trois-rapides", "/").status not in (421, 503), "the demonstration's last organisation", 60)
        yield made
    finally:
        made.stop()


def traces(world: World) -> list[tuple[object, ...]]:
    """What the command leaves: organisations, people of this login, journal entries in its name. Probes write others meanwhile."""
    with world.sql("superuser") as server:
        return [
            *server.execute("select slug, id::text from identity_tenant order by 1").fetchall(),
            *server.execute("select login, id::text from identity_user where login = 'odile' order by 2").fetchall(),
            *server.execute("select 'entries', count(*)::text from audit_outbox where actor = 'system:command'").fetchall(),
        ]


def test_the_printed_link_leads_to_a_page_that_takes_a_password_once(place: World) -> None:
    done = garant(
        *("tenant", "add", "baie-noire", "--name", "Ville de Baie-Noire", "--admin", "odile", "--allow", "127.0.0.1/32", "--json"),
        data=place.data,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    host = "baie-noire.garant.localhost"
    assert told["host"] == host
    origin = f"https://{host}:{place.https}"
    assert told["invitation"].startswith(f"{origin}/.garant/invitation/")
    path = told["invitation"].removeprefix(origin)
    wait_until(lambda: place.visit("baie-noire", path).status in (200, 302), "the new host at the edge", 30)
    browser = place.probe.browser(host)
    page = browser.follow(browser.get(path))
    assert page.status == 200
    assert 'type="password"' in page.text
    weak = browser.post(browser.place, {"csrfmiddlewaretoken": token(page), "password": "court"})
    assert weak.status == 400
    taken = browser.post(browser.place, {"csrfmiddlewaretoken": token(weak), "password": "une phrase assez longue 47"})
    assert taken.status == 302, taken.text[:500]
    assert "/login/" in taken.header("location")
    used = browser.follow(browser.get(path))
    assert used.status == 410
    entry = browser.follow(browser.get("/.garant/fr/login/"))
    inside = browser.post(browser.place, {"csrfmiddlewaretoken": token(entry), "login": "odile", "password": "une phrase assez longue 47"})
    assert inside.status == 302, inside.text[:500]
    # From an address outside the list that the command gave, not even the sign-in page.
    assert place.visit("baie-noire", "/.garant/fr/login/", source="127.9.9.9").status == 403


@pytest.mark.parametrize(
    ("slug", "more", "told"),
    [
        ("Baie_Noire", (), "cannot be a tenant name: write lower-case letters, digits and hyphens"),
        ("operator", (), "is reserved; choose another tenant name"),
        ("admin", (), "is reserved; choose another tenant name"),
        ("saint-elan", (), "exists already"),
        ("anse-bleue", ("--allow", "10.0.0.0/33"), "10.0.0.0/33"),
        ("anse-bleue", ("--allow", "0.0.0.0/0"), "the list would name every address"),
        ("anse-bleue", ("--name", " "), "a tenant needs a name"),
        ("anse-bleue", ("--admin", " "), "login"),
        ("anse-bleue", ("--language", "xx"), "fr-ca"),
        ("anse-bleue", ("--zone", "Mars/Olympus"), "Mars/Olympus"),
    ],
)
def test_a_refusal_says_what_to_write_and_leaves_nothing(place: World, slug: str, more: tuple[str, ...], told: str) -> None:
    before = traces(place)
    done = garant("tenant", "add", slug, "--name", "Municipalité", "--admin", "odile", *more, data=place.data)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
    assert traces(place) == before


def test_an_organisation_is_added_after_a_refusal_of_its_name(place: World) -> None:
    refused = garant("tenant", "add", "val-clair", "--name", "Val-Clair", "--admin", "odile", "--allow", "nowhere", data=place.data)
    assert refused.returncode == 2
    done = garant("tenant", "add", "val-clair", "--name", "Val-Clair", "--admin", "odile", data=place.data)
    assert done.returncode == 0, done.stderr
    assert "Val-Clair answers at https://val-clair.garant.localhost" in done.stdout
    assert "garant tenant allow val-clair" in done.stderr, "an open door is said aloud"
    assert place.keep("ASO-16") == {"ASO-16": "broken"}
    assert "without an address list" in place.reason("ASO-16") or "Without an address list" in place.reason("ASO-16")
    closed = garant("tenant", "allow", "val-clair", "127.0.0.1/32", data=place.data)
    assert closed.returncode == 0, closed.stderr
    wait_until(lambda: place.visit("val-clair", "/", source="127.9.9.9").status == 403, "the list at the edge")
    assert place.keep("ASO-16") == {"ASO-16": "kept"}
    led = garant("tenant", "admin", "operator", "--admin", "odette", data=place.data)
    assert led.returncode == 0, led.stderr
    assert f"https://garant.localhost:{place.https}/.garant/invitation/" in led.stdout
    twice = garant("tenant", "admin", "operator", "--admin", "odette", data=place.data)
    assert (twice.returncode, "exists in operator already" in twice.stderr) == (2, True)
    listed = garant("tenant", "list", "--json", data=place.data)
    assert "val-clair" in [each["slug"] for each in json.loads(listed.stdout)]
