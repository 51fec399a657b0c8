"""What the edge says and notes of answers: the person whom the pages recognised, an application that does not answer."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from garant.edge.collector import Frames, listen
from support.edge import OMER, ROSALIE, Rig, edge_rig, free_port, until

LINES: list[dict[str, object]] = []


@pytest.fixture(scope="module")
def noted() -> Iterator[Rig]:
    """An edge whose log comes here."""
    port = free_port()
    with listen(port) as listener, edge_rig(collector=port) as made:
        threading.Thread(target=_read, args=(listener,), daemon=True).start()
        yield made


def _read(listener: socket.socket) -> None:
    link, _ = listener.accept()
    frames = Frames()
    with link:
        while data := link.recv(1 << 16):
            LINES.extend(json.loads(line) for line in frames.feed(data))


def user_of(path: str) -> object:
    """Who stands in the log for the newest request of `path`."""
    lines = until(lambda: [line for line in LINES if line.get("p") == path], what=f"the line of {path}")
    return lines[-1]["u"]


def test_the_person_whom_the_pages_recognise_stands_in_the_journal_and_in_no_answer(noted: Rig) -> None:
    """The reserved path has no decision at the edge: web says who it was, in a header that the edge takes away."""
    noted.web.extra.append(("X-Garant-Person", ROSALIE))
    noted.application.extra.append(("X-Garant-Person", ROSALIE))
    answer = noted.ask("/.garant/en/console/", sid="s" * 43)
    assert answer.header("x-garant-person") is None
    assert user_of("/.garant/en/console/") == ROSALIE
    sid = noted.decide.grant("o" * 43, user=OMER)
    assert noted.ask("/dossiers/", sid=sid).header("x-garant-person") is None
    assert user_of("/dossiers/") == OMER, "an application cannot name anybody"
    noted.ask("/public/a")
    assert user_of("/public/a") == "-"
    noted.web.extra.clear()
    noted.application.extra.clear()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_applications_own_sign_in_leads_to_garants(noted: Rig, method: str) -> None:
    """Signed in or not, a form that is posted there included; the application never sees it."""
    noted.application.seen.clear()
    sid = noted.decide.grant("l" * 43)
    for path, words in (("/entrer/", ""), ("/entrer/mot-de-passe?next=/x", ""), ("/entrer/", sid)):
        answer = noted.ask(path, sid=words, method=method, body=b"password=secret" if method == "POST" else None)
        assert (answer.status, answer.header("location")) == (303, "/.garant/login/")
    assert noted.application.seen == []


def test_an_application_that_is_down_is_said_to_be_and_nobodys_access_is_in_question(noted: Rig) -> None:
    sid = noted.decide.grant("a" * 43)
    noted.loop.end("application")
    for path, words in (("/public/a", ""), ("/dossiers/", sid)):
        answer = noted.ask(path, sid=words)
        assert (answer.status, answer.header("retry-after")) == (503, "5")
        said = answer.body.decode()
        assert "L’application ne répond pas" in said
        assert "The application does not answer" in said
        assert "access" not in said
    assert noted.ask("/.garant/login/").server == "web"
