"""Reading a page as a browser without scripts does."""

import pytest

from garant.assurance.policy.pages import PageReading, alike, counted, differences
from garant.assurance.policy.suites import equivalent_rsa_bits, name

FINE = """<!doctype html><html lang=fr><link rel=stylesheet href="/base.css"><h1>Entrer</h1>
<form method=post><input name=login><input name=password type=password><button>Entrer</button></form><a href="/fr/">Accueil</a>"""


def test_a_page_that_is_whole_has_no_fault() -> None:
    page = PageReading(FINE)
    assert page.faults == ()
    assert (page.sheets, page.links) == (("/base.css",), ("/fr/",))
    assert page.sign_in


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<h1>x</h1><p style='color:red'>", "<p style>"),
        ("<h1>x</h1><a onclick='x()'>", "<a onclick>"),
        ("<h1>x</h1><script>x()</script>", "<script> in the page"),
        ("<h1>x</h1><script type=module src=x.js></script>", "<script type=module>"),
        ("<h1>x</h1><dialog>", "<dialog>"),
        ("<p>x</p>", "no <h1>"),
        ("", "no <h1>"),
    ],
)
def test_what_old_browsers_or_no_script_could_not_do_is_reported(html: str, fault: str) -> None:
    assert fault in PageReading(html).faults


def test_a_form_without_a_password_is_no_sign_in() -> None:
    assert not PageReading("<h1>x</h1><form><input name=login></form>").sign_in
    assert not PageReading("<h1>x</h1><form><input name=login></form><form><input name=password></form>").sign_in


def test_what_one_width_lacks_is_told_with_its_width() -> None:
    assert differences({320: ["link /a"], 1280: ["link /a", "link /b"]}) == ("320: link /b",)
    assert differences({320: ["link /a"], 1280: ["link /a"]}) == ()
    assert differences({}) == ()


def test_pages_that_live_are_compared_by_what_does_not_change() -> None:
    one, other = "7d3c19b2-0c4e-4f0e-9a3f-1f6a54a1c001", "00000000-0000-4000-8000-000000000002"
    assert alike(f"link /people/{one}/") == alike(f"link /people/{other}/") == "link /people/…/"
    assert alike("link ?before=1234") == "link "
    assert alike("button Fermer 2 sessions") == "button Fermer 2 sessions"


def test_what_is_missing_behind_sign_in_is_counted_and_not_quoted() -> None:
    assert counted(["320: button Fermer la session d’Omer", "320: link /people/…/", "320: link /s/", "768: link /s/"]) == [
        "320: button × 1",
        "320: link × 2",
        "768: link × 1",
    ]


def test_curves_count_for_the_rsa_size_of_their_strength() -> None:
    assert equivalent_rsa_bits("RSA", 1024) == 1024
    assert equivalent_rsa_bits("secp256r1", 256) == 3072
    assert equivalent_rsa_bits("secp192r1", 192) == 1024
    assert (name(0xC02B), name(0x1234)) == ("ECDHE-ECDSA-AES128-GCM-SHA256", "0x1234")
