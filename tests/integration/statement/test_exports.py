"""The documents for programs: every claim is in both, whatever its state, in both languages, in one canonical form, and no customer."""

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from garant.kernel.canonical import canonical, digest
from garant.kernel.clock import ManualClock
from garant.kernel.text import Text
from garant.statement import queries, service
from garant.statement.queries import StatementPage
from support.database import Database
from support.evidence import HOUR, NOON
from support.statements import DOCUMENT, House, install

ACTOR = "system:test"
SHIPPED = ("aso", "interceptum", "aster", "engagementhq", "cirasync")
CUSTOMERS = (
    ("saint-elan", "Ville de Saint-Élan", "saint-elan.example"),
    ("trois-rapides", "MRC des Trois-Rapides", "vote.rapides.example"),
)


@pytest.fixture
def house(as_worker: str, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House()
    install(made, monkeypatch)
    service.import_document(DOCUMENT, at=NOON, actor=ACTOR)
    return made


@pytest.fixture
def customers(database: Database) -> Iterator[dict[str, uuid.UUID]]:
    """Two customers and the operator, committed: the worker may not add them."""
    rows = [(uuid.uuid4(), *each, False) for each in CUSTOMERS]
    rows.append((uuid.uuid4(), "operator", "Logiciels Amélanche", "example", True))
    ids = [row[0] for row in rows]
    with database.connect("owner") as connection:
        for row in rows:
            connection.execute(
                "insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at)"
                " values (%s, %s, %s, %s, %s, 'fr-ca', 'America/Toronto', false, now())",
                row,
            )
        yield {row[1]: row[0] for row in rows}
        connection.execute("delete from identity_tenant where id = any(%s)", [ids])


def page(slug: str, now: Any) -> StatementPage:
    found = queries.page(slug, now)
    assert found is not None
    return found


def statement_json(page: StatementPage) -> Any:
    """As a reader has it: plain JSON."""
    return queries.statement_json(page)


def verdicts_json(page: StatementPage) -> Any:
    return queries.verdicts_json(page)


def keep(clock: ManualClock) -> None:
    service.keep_once(clock=clock, actor=ACTOR)


def texts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of the document that speaks a language."""
    if isinstance(value, Mapping):
        if {"fr", "en"} & value.keys():
            yield value
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


@pytest.mark.parametrize("slug", SHIPPED)
def test_every_claim_of_a_shipped_statement_is_in_both_documents(as_worker: str, slug: str) -> None:
    """Nothing was measured yet: the documents must say so of all of them, those that nothing can measure included."""
    service.import_catalogue([slug], at=NOON, actor=ACTOR)
    (document,) = [each for each in queries.documents() if each.slug == slug]
    ids = [claim.id for claim in document.claims]
    found = page(slug, NOON)
    promised, verdicts = statement_json(found), verdicts_json(found)
    assert len(ids) > 0
    assert sorted(each["id"] for each in promised["claims"]) == sorted(ids)
    assert sorted(each["claim"] for each in verdicts["verdicts"]) == sorted(ids)
    by_id = {claim.id: claim for claim in document.claims}
    for each in promised["claims"]:
        assert each["sentence"] == by_id[each["id"]].sentence.as_dict()
    assert sum(verdicts["counts"].values()) == len(ids)
    assert "kept" not in {each["state"] for each in verdicts["verdicts"]}
    for each in verdicts["verdicts"]:
        assert each["reason"]["fr"] != each["reason"]["en"], each["claim"]


def test_the_36_sentences_of_aso_are_exported(as_worker: str) -> None:
    service.import_catalogue(["aso"], at=NOON, actor=ACTOR)
    promised = statement_json(page("aso", NOON))
    assert sorted(each["id"] for each in promised["claims"]) == [f"ASO-{number:02}" for number in range(1, 37)]


def test_each_state_is_said_with_its_reason_and_nothing_is_left_out(house: House) -> None:
    clock = ManualClock(NOON)
    house.doors["back"].answer = False
    keep(clock)
    verdicts = {each["claim"]: each for each in verdicts_json(page("maison", NOON))["verdicts"]}
    assert {id_: each["state"] for id_, each in verdicts.items()} == {
        "MAI-01": "kept",
        "MAI-02": "broken",
        "MAI-03": "unproven",
        "MAI-04": "unproven",
    }
    assert verdicts["MAI-02"]["reason"] == {"fr": "Une porte est ouverte.", "en": "A door is open."}
    assert verdicts["MAI-04"]["reason"] == {"fr": "Personne n’y est monté.", "en": "Nobody went up."}
    assert (verdicts["MAI-01"]["checked"], verdicts["MAI-01"]["in_scope"]) == (3, 3)
    assert [part["state"] for part in verdicts["MAI-02"]["measures"]].count("broken") == 1
    assert verdicts_json(page("maison", NOON))["worst"] == "broken"
    aged = verdicts_json(page("maison", NOON + 3 * HOUR))
    assert [each["state"] for each in aged["verdicts"]] == ["stale", "stale", "unproven", "unproven"]
    assert aged["verdicts"][0]["age_seconds"] == 3 * 3600


def test_an_exception_stands_beside_the_broken_verdict(house: House) -> None:
    house.doors["front"].answer = False
    keep(ManualClock(NOON))
    service.grant_exception(
        statement="maison",
        claim="MAI-01",
        reason=Text("Serrure en commande.", "Lock on order."),
        approver="Maude Thériault-Kane",
        expires_at=NOON + 24 * HOUR,
        at=NOON,
        actor=ACTOR,
    )
    verdict = verdicts_json(page("maison", NOON))["verdicts"][0]
    assert verdict["state"] == "broken"
    assert verdict["exceptions"] == [
        {
            "reason": {"fr": "Serrure en commande.", "en": "Lock on order."},
            "approver": "Maude Thériault-Kane",
            "until": "2026-11-21T12:00:00.000000Z",
            "over": False,
        }
    ]


def test_every_text_is_there_in_both_languages(house: House) -> None:
    house.doors["front"].failure = Text("la porte ne répond pas", "the door does not answer")
    keep(ManualClock(NOON))
    found = page("maison", NOON)
    for document in (statement_json(found), verdicts_json(found)):
        spoken = list(texts(document))
        assert len(spoken) > 10
        for each in spoken:
            assert set(each) == {"fr", "en"}
            assert all(isinstance(words, str) and words.strip() for words in each.values())
    assert "la porte ne répond pas" in json.dumps(verdicts_json(found), ensure_ascii=False)


def test_a_document_has_one_canonical_form_and_reads_back_as_itself(house: House) -> None:
    """Two readers compute the same digest; a float, a date or a set would have made `canonical` refuse."""
    keep(ManualClock(NOON))
    for export in (statement_json, verdicts_json):
        first, again = export(page("maison", NOON)), export(page("maison", NOON))
        assert digest(first) == digest(again)
        assert json.loads(canonical(first)) == json.loads(json.dumps(first))
        assert canonical(json.loads(canonical(first))) == canonical(first)
        assert digest(export(page("maison", NOON + timedelta(seconds=1)))) != digest(first) or export is statement_json


def test_a_verdict_carries_the_digest_of_the_run_it_rests_on(house: House) -> None:
    keep(ManualClock(NOON))
    found = page("maison", NOON)
    by_id = {each["claim"]: each["evidence"] for each in verdicts_json(found)["verdicts"]}
    assert [len(by_id[id_]) for id_ in ("MAI-01", "MAI-02", "MAI-03", "MAI-04")] == [1, 2, 0, 0]
    for each in by_id["MAI-02"]:
        assert len(each["digest"]) == 64
        assert each["entry"] > 0
        assert each["observed_at"] == "2026-11-20T12:00:00.000000Z"


def test_no_customer_is_named(house: House, customers: dict[str, uuid.UUID]) -> None:
    """Not even when an engine fails with the customer's host in its words, which become the reason of a public verdict."""
    words = "saint-elan: https://saint-elan.example:8443/ and https://vote.rapides.example/ did not answer"
    house.doors["front"].failure = Text(words, words)
    keep(ManualClock(NOON))
    found = page("maison", NOON)
    said = (canonical(statement_json(found)) + canonical(verdicts_json(found))).decode().casefold()
    assert "did not answer" in said
    for slug, name, host in CUSTOMERS:
        assert [word for word in (slug, name.casefold(), host) if word in said] == []
        assert f"client {customers[slug].hex[:8]}" in said
