"""Which pages are enough by themselves for somebody with a browser and an address (ASO-21, AST-10)."""

from datetime import UTC, datetime, timedelta

import pytest

from garant.continuity.policy import completeness, judge
from garant.kernel.promise import Canary, Evidence, Promise

WORDS = "Un sondage municipal sur les pistes cyclables, ouvert à toute la population jusqu’au 15 décembre prochain, sans inscription."
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<form><input name=login type=text><input name=password type=password><button>Entrer</button></form>", "sign_in"),
        ("<form><input name=login><input name=p type=password><input type=submit></form>", "sign_in"),
        (f"<h1>Sondage</h1><p>{WORDS}</p><a href='/repondre/'>Répondre</a>", "page"),
        (f"<h1>Sondage</h1><p>{WORDS}</p>", ""),
        (f"<script>{WORDS}</script><noscript>{WORDS}</noscript><a href='/x'>x</a>", ""),
        ("<form><input name=login><input name=p type=password></form>", ""),
        ("<div id=app></div><script src=app.js></script>", ""),
        ("", ""),
    ],
)
def test_a_shell_that_scripts_would_fill_is_not_a_page(html: str, kind: str) -> None:
    assert completeness(html) == kind


GOOD = {"status": 200, "type": "text/html", "complete": "sign_in"}
BAD = {"status": 503, "type": "", "complete": ""}


def run(*unchecked: str, **hosts: dict[str, object]) -> Evidence:
    facts: dict[str, object] = {"hosts": hosts, "unchecked": list(unchecked)}
    return Evidence("e", "p", "m", NOW, NOW, NOW + timedelta(days=1), 2, 2, facts, Canary.HELD, (), None, "0" * 64, 1)  # type: ignore[arg-type]


def test_an_address_that_could_not_be_asked_leaves_the_question_open() -> None:
    promise = Promise("continuity.browser_only")
    finding = judge(promise, run("three", one=GOOD, two=GOOD))
    assert finding.holds is None
    assert "d’un client sur 3" in finding.reason.fr
    assert "one customer of 3" in finding.reason.en
    assert "2 customers of 3" in judge(promise, run("three", "two", one=GOOD)).reason.en
    assert judge(promise, run("three", one=GOOD, two=BAD)).holds is False


def test_one_address_that_leads_nowhere_breaks_the_sentence() -> None:
    assert judge(Promise("continuity.browser_only"), run(one=GOOD, two=GOOD)).holds is True
    finding = judge(Promise("continuity.browser_only"), run(one=GOOD, two=BAD))
    assert finding.holds is False
    assert "two" in finding.reason.fr
    assert "503" in finding.reason.en
