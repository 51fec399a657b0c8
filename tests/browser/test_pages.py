"""The pages in Chromium: axe without violations, no sideways scroll, everything within reach of the keyboard (EHQ-65, EHQ-71, EHQ-72).

A short run looks at the widest and the narrowest form of the pages that carry every component; the full matrix is marked `long`.
"""

import base64
from collections.abc import Iterator

import pytest
import segno
from playwright.sync_api import Browser, Page

from support import gallery, pages

SAMPLES = """async ({png, points}) => {
    const image = new Image(); image.src = 'data:image/png;base64,' + png; await image.decode();
    const canvas = document.createElement('canvas'); canvas.width = image.width; canvas.height = image.height;
    const c = canvas.getContext('2d'); c.drawImage(image, 0, 0);
    return points.map(([x, y]) => { const p = c.getImageData(Math.round(x * image.width), Math.round(y * image.height), 1, 1).data;
        return p[0] + p[1] + p[2] < 384 }) }"""
"""Whether points of a picture (as parts of its sides) are dark."""

CHOSEN = {
    "trust-full",
    "proof-full",
    "access-full",
    "rule-error",
    "journal-full",
    "operator-full",
    "data-map-full",
    "person-full",
    "unavailable-error",
    "enrol-full",
    "account-full",
}

BAD = """<!DOCTYPE html><html><head><title></title></head><body><p style="color:#aaa">grey</p><img src="x.png"><input type="text">
<a href="/a"></a><button></button><ul><p>no item</p></ul><table><tr><th></th></tr></table><h4>late</h4>
<a href="/b" style="display:inline-block;width:9px;height:9px;background:#000">a</a>
<a href="/c" style="display:inline-block;width:9px;height:9px">b</a>
</body></html>"""

SPACED = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }p { margin-bottom: 2em !important }"
)
CUT = """[...document.querySelectorAll('p, a, button, h1, h2, h3, label')].filter(e => e.scrollHeight > e.clientHeight + 2
    && getComputedStyle(e).overflow === 'hidden' && !e.classList.contains('cache') && !e.classList.contains('echelle')).length"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.browser() as made:
        yield made


@pytest.fixture(scope="module", params=[1280, 320], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Page:
    return pages.open_page(chromium, request.param)


def look(page: Page, exhibit: gallery.Exhibit, language: str) -> None:
    pages.show(page, exhibit.path.replace("/fr/", f"/{language}/"), gallery.render(exhibit, language))
    assert pages.overflow(page) <= 0
    assert pages.violations(page) == []


def test_the_gate_fires_on_a_bad_page(page: Page) -> None:
    """Without this the checks below would prove nothing."""
    pages.show(page, "/bad/", BAD)
    fired = {line.split(":")[0] for line in pages.violations(page)}
    assert {
        "html-has-lang",
        "document-title",
        "image-alt",
        "label",
        "link-name",
        "button-name",
        "target-size",
        "color-contrast",
        "list",
    } <= fired


def test_the_gate_sees_a_page_that_is_too_wide(page: Page) -> None:
    pages.show(page, "/wide/", "<!DOCTYPE html><html lang=fr><title>x</title><p style='width:3000px'>x</p>")
    assert pages.overflow(page) > 0


@pytest.mark.parametrize("exhibit", [each for each in gallery.EXHIBITS if str(each) in CHOSEN], ids=str)
def test_pages_in_french(page: Page, exhibit: gallery.Exhibit) -> None:
    look(page, exhibit, "fr")


@pytest.mark.long
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("exhibit", gallery.EXHIBITS, ids=str)
def test_every_page_in_both_languages(page: Page, exhibit: gallery.Exhibit, language: str) -> None:
    look(page, exhibit, language)


@pytest.mark.parametrize(
    "exhibit", [each for each in gallery.EXHIBITS if str(each) in {"access-full", "trust-full", "operator-full"}], ids=str
)
def test_the_keyboard_reaches_everything_in_the_order_of_the_page(page: Page, exhibit: gallery.Exhibit) -> None:
    """WCAG 2.1.1, 2.4.3, 2.4.1: the skip link comes first and leads to the content; then every control, none twice."""
    pages.show(page, exhibit.path, gallery.render(exhibit, "fr"))
    controls = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
            .filter(e => e.getClientRects().length).map((e, i) => { e.dataset.place = i; return i })"""
    )
    reached = []
    for _ in range(len(controls) + 5):
        page.keyboard.press("Tab")
        place = page.evaluate("document.activeElement.dataset.place")
        if place is None:
            break
        reached.append(int(place))
    assert reached == sorted(reached)
    assert set(controls) - set(reached) - radios(page) == set()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.locator(".saut").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"


def radios(page: Page) -> set[int]:
    """Of a group of radio buttons the Tab key reaches one; arrows reach the others."""
    return set(page.evaluate("[...document.querySelectorAll('input[type=radio]')].map(e => +e.dataset.place)"))


def test_the_drawing_that_enrols_a_telephone_is_whole(page: Page) -> None:
    """ASO-19: each module of the code is seen where it belongs, with its quiet zone of four modules, in what the screen shows."""
    exhibit = next(each for each in gallery.EXHIBITS if str(each) == "enrol-full")
    pages.show(page, exhibit.path, gallery.render(exhibit, "fr"))
    code = segno.make(gallery.enrolment()["uri"], error="m", micro=False)
    rows = [list(map(bool, row)) for row in code.matrix_iter(border=4)]
    points = [[(x + 0.5) / len(rows), (y + 0.5) / len(rows)] for y in range(len(rows)) for x in range(len(rows))]
    drawing = page.locator(".qr svg")
    box = drawing.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(box["height"], abs=1)
    assert box["width"] / len(rows) >= 4, "a telephone needs four pixels a module"
    seen = page.evaluate(SAMPLES, {"png": base64.b64encode(drawing.screenshot()).decode(), "points": points})
    assert seen == [dark for row in rows for dark in row]


def test_focus_is_seen_and_targets_are_large_enough(page: Page) -> None:
    """WCAG 2.4.7, 2.5.8: three pixels of ink around what has the focus; buttons and menu entries are 44 px high."""
    exhibit = next(each for each in gallery.EXHIBITS if str(each) == "access-full")
    pages.show(page, exhibit.path, gallery.render(exhibit, "fr"))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    heights = page.evaluate(
        "[...document.querySelectorAll('.bouton, .menu a, .cote a, select')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44


def test_ninety_days_are_drawn_on_a_wide_page_and_thirty_on_a_narrow_one(page: Page) -> None:
    exhibit = next(each for each in gallery.EXHIBITS if str(each) == "proof-full")
    pages.show(page, exhibit.path, gallery.render(exhibit, "fr"))
    shown = page.evaluate(
        "[...document.querySelectorAll('svg.bande')].filter(e => e.getClientRects().length).map(e => e.viewBox.baseVal.width)"
    )
    assert shown == ([90] if page.viewport_size and page.viewport_size["width"] == 1280 else [30])


def test_text_may_be_spaced_and_enlarged(page: Page) -> None:
    """WCAG 1.4.12: spacing as the criterion sets it; nothing is cut, the page stays as wide as its window."""
    exhibit = next(each for each in gallery.EXHIBITS if str(each) == "access-full")
    pages.show(page, exhibit.path, gallery.render(exhibit, "fr"))
    page.add_style_tag(content=SPACED)
    assert pages.overflow(page) <= 0
    assert page.evaluate(CUT) == 0
