"""Moments, durations, numbers and headlines in each language."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from garant.kernel.text import NBSP
from garant.kernel.verdicts import State
from garant.web import wording
from garant.web.glyphs import Span, spans, strip
from garant.web.headline import headline
from garant.web.templatetags.garant import when

AFTERNOON = datetime(2026, 11, 1, 19, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("fr-ca", ("2026-11-01", f"14{NBSP}h{NBSP}05")), ("fr-fr", ("01/11/2026", "14:05")), ("en-ca", ("2026-11-01", "14:05"))],
)
def test_five_past_two_in_the_afternoon(code: str, expected: tuple[str, str]) -> None:
    """Django's own fr-CA format prints `14 02 05`: its `h` is a format letter."""
    with translation.override(code), timezone.override("America/Toronto"):
        assert wording.when(AFTERNOON) == expected


def test_a_moment_says_its_instant_to_programs_and_does_not_break() -> None:
    with translation.override("fr-ca"), timezone.override("America/Toronto"):
        html = when(AFTERNOON)
    assert html == (f'<time datetime="2026-11-01T19:05:00.000000Z"><span class="insecable">2026-11-01</span> à 14{NBSP}h{NBSP}05</time>')


@pytest.mark.parametrize(
    ("length", "fr", "en"),
    [
        (timedelta(seconds=7), f"7{NBSP}s", f"7{NBSP}s"),
        (timedelta(minutes=3, seconds=12), f"3{NBSP}min{NBSP}12{NBSP}s", f"3{NBSP}min{NBSP}12{NBSP}s"),
        (timedelta(minutes=59, seconds=59), f"59{NBSP}min", f"59{NBSP}min"),
        (timedelta(hours=26), f"26{NBSP}h", f"26{NBSP}h"),
        (timedelta(days=1), f"1{NBSP}jour", f"1{NBSP}day"),
        (timedelta(days=2160), f"2{NBSP}160{NBSP}jours", f"2,160{NBSP}days"),
        (timedelta(seconds=-9), f"0{NBSP}s", f"0{NBSP}s"),
    ],
)
def test_durations_are_truncated(length: timedelta, fr: str, en: str) -> None:
    with translation.override("fr-ca"):
        assert wording.duration(length) == fr
    with translation.override("en-ca"):
        assert wording.duration(length) == en


def test_the_worst_state_makes_the_headline() -> None:
    with translation.override("fr-ca"):
        assert headline([(State.BROKEN, 1), (State.KEPT, 35)]) == "Une promesse sur 36 est rompue"
        assert headline([(State.UNPROVEN, 36)]) == "Aucune des 36 promesses n’est encore prouvée"
        assert headline([(State.KEPT, 36)]) == "Les 36 promesses sont tenues"
        assert headline([]) == "Aucune promesse n’est encore publiée"


@pytest.mark.parametrize("state", [state for state in State if state is not State.KEPT])
def test_a_headline_never_says_that_all_is_kept_when_something_is_not(state: State) -> None:
    with translation.override("en-ca"):
        assert "All" not in headline([(state, 1), (State.KEPT, 35)])


def test_ninety_days_become_runs_and_words() -> None:
    days = [None] * 3 + [State.KEPT] * 84 + [State.BROKEN] * 3
    found = spans(days)
    assert found == [Span(None, 0, 3), Span(State.KEPT, 3, 84), Span(State.BROKEN, 87, 3)]
    with translation.override("fr-ca"):
        words = wording.strip(found)
    assert words == f"90 derniers jours{NBSP}: non mesuré 3{NBSP}jours, tenu 84{NBSP}jours, rompu depuis 3{NBSP}jours"


def test_a_strip_carries_the_state_by_shape_and_not_by_colour_alone() -> None:
    """Height and notch differ: kept 9, stale 5.5, unproven 2.5, attested 7 with a light line, broken 9 with a notch (WCAG 1.4.1)."""
    shapes = set()
    for state in (State.KEPT, State.STALE, State.UNPROVEN, State.ATTESTED, State.BROKEN):
        drawn = strip(spans([state] * 90), "", "x")
        shapes.add(tuple(part.split('"')[0] for part in drawn.split('height="')[1:]))
    assert len(shapes) == 5
