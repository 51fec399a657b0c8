"""Browsers by what they say: sessions are told apart by it, so it must be readable and never cut in its middle."""

import pytest

from garant.web.browsers import LONGEST, browser
from support.gallery import AGENTS


@pytest.mark.parametrize(
    ("agent", "said"), list(zip(AGENTS, ("Edge 131, Windows", "Firefox 128, Linux", "Safari 18, iPhone"), strict=True))
)
def test_a_browser_and_its_system_are_named(agent: str, said: str) -> None:
    assert browser(agent) == said


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
            "Chrome 130, Android",
        ),
        ("curl/7.88.1", "curl 7"),
        ("", ""),
        ("a program of ours", "a program of ours"),
    ],
)
def test_others_too(agent: str, said: str) -> None:
    assert browser(agent) == said


def test_what_is_not_known_is_cut_with_a_sign() -> None:
    said = browser("x" * 200)
    assert len(said) == LONGEST
    assert said.endswith("…")
