"""Reading a page as a browser without scripts does."""

import pytest

from garant.assurance.policy.pages import PageReading, differences
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


def test_curves_count_for_the_rsa_size_of_their_strength() -> None:
    assert equivalent_rsa_bits("RSA", 1024) == 1024
    assert equivalent_rsa_bits("secp256r1", 256) == 3072
    assert equivalent_rsa_bits("secp192r1", 192) == 1024
    assert (name(0xC02B), name(0x1234)) == ("ECDHE-ECDSA-AES128-GCM-SHA256", "0x1234")
