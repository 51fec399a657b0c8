"""Promises kept on a real PostgreSQL: evidence before verdict, intervals only on change, nothing hidden."""

import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from garant.audit import queries as audit
from garant.audit.service import Kind
from garant.kernel.canonical import canonical, digest
from garant.kernel.clock import ManualClock
from garant.kernel.errors import EngineError, InputError
from garant.kernel.promise import Canary, Check
from garant.kernel.text import Text
from garant.kernel.verdicts import State
from garant.statement import queries, service
from garant.statement.models import ClaimInterval, EvidenceRow, MeasureVerdict, Version
from support.database import Database
from support.evidence import HOUR, NOON
from support.house import committed_house  # noqa: F401 - the fixture `committed`
from support.statements import DOCUMENT, House, install

ACTOR = "system:test"


@pytest.fixture
def house(as_worker: str, monkeypatch: pytest.MonkeyPatch) -> House:
    """The statement of the house in force at noon, its registry in the place of the deployment's."""
    made = House()
    install(made, monkeypatch)
    service.import_document(DOCUMENT, at=NOON, actor=ACTOR)
    return made


def states(now: datetime) -> dict[str, State]:
    found = queries.page("maison", now)
    assert found is not None
    return {claim.id: claim.state for claim in found.claims}


def keep(clock: ManualClock) -> list[service.Turn]:
    return service.keep_once(clock=clock, actor=ACTOR)


def kinds() -> list[str]:
    return [entry.kind for entry in reversed(audit.entries(tenant=None, limit=500))]


def test_before_any_measure_everything_is_unproven(house):
    assert set(states(NOON).values()) == {State.UNPROVEN}
    page = queries.page("maison", NOON)
    assert page is not None
    assert page.counts == [(State.UNPROVEN, 4)]
    assert page.claims[3].reason.en == "Nobody went up."


def test_a_shut_door_is_kept_and_an_open_one_breaks_every_claim_on_it(house):
    clock = ManualClock(NOON)
    keep(clock)
    assert states(NOON) == {"MAI-01": State.KEPT, "MAI-02": State.KEPT, "MAI-03": State.UNPROVEN, "MAI-04": State.UNPROVEN}
    house.doors["back"].answer = False
    clock.advance(HOUR)
    keep(clock)
    assert states(clock.now()) == {"MAI-01": State.KEPT, "MAI-02": State.BROKEN, "MAI-03": State.UNPROVEN, "MAI-04": State.UNPROVEN}
    house.doors["front"].answer = False
    clock.advance(HOUR)
    keep(clock)
    assert states(clock.now())["MAI-01"] is State.BROKEN


def test_every_run_is_evidence_with_an_entry_of_its_digest(house):
    keep(ManualClock(NOON))
    rows = list(EvidenceRow.objects.order_by("position"))
    assert [row.promise.split("#")[0] for row in rows] == ["test.door", "test.door"]
    entries = {entry.seq: entry for entry in audit.entries(tenant=None, kinds=[Kind.EVIDENCE_RECORDED.value])}
    assert {row.position: row.digest for row in rows} == {seq: entry.payload["digest"] for seq, entry in entries.items()}


def test_a_reader_can_recompute_the_digest_from_the_row(house):
    keep(ManualClock(NOON))
    row = EvidenceRow.objects.first()
    assert row is not None
    names = ("promise", "parameters", "measure", "checked", "in_scope", "facts", "canary", "drift", "error")
    moments = ("observed_at", "received_at", "valid_until")
    assert digest({"id": str(row.id), **{name: getattr(row, name) for name in (*names, *moments)}}) == row.digest


def test_a_failure_is_kept_and_shown_in_both_languages_and_is_part_of_the_digest(house):
    house.doors["front"].failure = Text("la porte ne répond pas.", "the door does not answer.")
    keep(ManualClock(NOON))
    row = EvidenceRow.objects.get(error="the door does not answer.")
    assert row.error_fr == "la porte ne répond pas."
    names = ("promise", "parameters", "measure", "checked", "in_scope", "facts", "canary", "drift", "error", "error_fr")
    moments = ("observed_at", "received_at", "valid_until")
    assert digest({"id": str(row.id), **{name: getattr(row, name) for name in (*names, *moments)}}) == row.digest
    assert "la porte ne répond pas." in {verdict.reason_fr.partition("\N{NO-BREAK SPACE}: ")[2] for verdict in MeasureVerdict.objects.all()}


@pytest.fixture
def customer(database: Database) -> Iterator[uuid.UUID]:
    """Saint-Élan and its operator, committed: their hosts are `ville.example` and `example`."""
    ids = [uuid.uuid4(), uuid.uuid4()]
    insert = (
        "insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at)"
        " values (%s, %s, %s, %s, %s, 'fr-ca', 'America/Toronto', false, now())"
    )
    with database.connect("owner") as connection:
        connection.execute(insert, [ids[0], "saint-elan", "Ville de Saint-Élan", "ville.example", False])
        connection.execute(insert, [ids[1], "operator", "Logiciels Amélanche", "example", True])
        yield ids[0]
        connection.execute("delete from identity_tenant where id = any(%s)", [ids])


def test_a_failure_does_not_publish_the_host_of_a_customer(house, customer):
    words = "https://ville.example:8443/ did not answer; autreville.exemple, ville.example and example neither"
    house.doors["front"].failure = Text(words, words)
    keep(ManualClock(NOON))
    row = EvidenceRow.objects.get(error__contains="did not answer")
    name = f"client {customer.hex[:8]}"
    assert row.error == f"https://{name}:8443/ did not answer; autreville.exemple, {name} and example neither"
    assert row.error_fr == row.error


def test_an_interval_is_written_only_on_change(house):
    clock = ManualClock(NOON)
    for _ in range(5):
        keep(clock)
        clock.advance(HOUR)
    assert MeasureVerdict.objects.count() == 10
    history = [(row.state, row.began_at, row.ended_at) for row in ClaimInterval.objects.filter(claim="MAI-01").order_by("id")]
    assert history == [("unproven", NOON, NOON), ("kept", NOON, None)]
    assert kinds().count(Kind.VERDICT_CHANGED.value) == ClaimInterval.objects.count()


def test_kept_since_restarts_after_a_lapse(house):
    clock = ManualClock(NOON)
    keep(clock)
    clock.advance(HOUR)
    house.doors["front"].failure = "no answer"
    keep(clock)
    assert states(clock.now())["MAI-01"] is State.STALE
    clock.advance(HOUR)
    house.doors["front"].failure = ""
    keep(clock)
    claim = queries.claim("maison", "mai-01", clock.now())
    assert claim is not None
    assert (claim.state, claim.since) == (State.KEPT, NOON + 2 * HOUR)
    assert [view.state for view in claim.history] == [State.KEPT, State.STALE, State.KEPT, State.UNPROVEN]


def test_an_engine_that_fails_turns_stale_and_says_why(house):
    clock = ManualClock(NOON)
    keep(clock)
    house.doors["front"].failure = "connection refused"
    clock.advance(HOUR)
    keep(clock)
    page = queries.page("maison", clock.now())
    assert page is not None
    assert page.claims[0].state is State.STALE
    assert "connection refused" in page.claims[0].reason.en


def test_an_engine_that_fails_from_the_start_proves_nothing(house):
    house.doors["front"].failure = "connection refused"
    keep(ManualClock(NOON))
    assert states(NOON)["MAI-01"] is State.UNPROVEN
    assert EvidenceRow.objects.filter(error="connection refused").count() == 1


def test_a_page_turns_stale_by_itself_when_no_worker_runs(house):
    """The worker is dead: nothing is written, and the page still says so, from the moment when the evidence ran out."""
    keep(ManualClock(NOON))
    before = ClaimInterval.objects.count()
    late = NOON + timedelta(days=3)
    assert states(NOON + 2 * HOUR - timedelta(seconds=1))["MAI-01"] is State.KEPT
    claim = queries.claim("maison", "MAI-01", late)
    assert claim is not None
    assert (claim.state, claim.since) == (State.STALE, NOON + 2 * HOUR)
    assert claim.history[0].position is None
    assert ClaimInterval.objects.count() == before


def test_refresh_dates_a_lapse_when_the_evidence_ran_out_not_when_it_looked(house):
    keep(ManualClock(NOON))
    turned = service.refresh(now=NOON + 8 * HOUR, actor=ACTOR)
    assert turned == ["MAI-01", "MAI-02"]
    assert service.refresh(now=NOON + 9 * HOUR, actor=ACTOR) == []
    open_ = ClaimInterval.objects.get(claim="MAI-01", ended_at__isnull=True)
    assert (open_.state, open_.began_at) == ("stale", NOON + 2 * HOUR)


def test_a_worker_that_comes_back_leaves_the_gap_in_the_history(house):
    clock = ManualClock(NOON)
    keep(clock)
    clock.advance(10 * HOUR)
    keep(clock)
    claim = queries.claim("maison", "MAI-01", clock.now())
    assert claim is not None
    assert [(view.state, view.began_at) for view in claim.history] == [
        (State.KEPT, NOON + 10 * HOUR),
        (State.STALE, NOON + 2 * HOUR),
        (State.KEPT, NOON),
        (State.UNPROVEN, NOON),
    ]


def test_a_missed_canary_voids_the_run(as_worker, monkeypatch):
    made = House(canary=True)
    install(made, monkeypatch)
    service.import_document(DOCUMENT, at=NOON, actor=ACTOR)
    clock = ManualClock(NOON)
    for door in made.doors.values():
        door.canary = Canary.MISSED
    keep(clock)
    assert states(NOON)["MAI-01"] is State.UNPROVEN
    for door in made.doors.values():
        door.canary = Canary.HELD
    clock.advance(HOUR)
    keep(clock)
    assert states(clock.now())["MAI-01"] is State.KEPT
    made.doors["front"].canary = Canary.MISSED
    clock.advance(HOUR)
    keep(clock)
    assert states(clock.now())["MAI-01"] is State.STALE


def test_an_exception_leaves_the_verdict_broken_and_adds_a_footnote(house):
    clock = ManualClock(NOON)
    house.doors["front"].answer = False
    keep(clock)
    service.grant_exception(
        statement="maison",
        claim="MAI-01",
        reason=Text("Serrure en commande.", "Lock on order."),
        approver="Maude Thériault-Kane",
        expires_at=NOON + 24 * HOUR,
        at=NOON,
        actor=ACTOR,
    )
    clock.advance(HOUR)
    keep(clock)
    claim = queries.claim("maison", "MAI-01", clock.now())
    assert claim is not None
    assert claim.state is State.BROKEN
    assert [(each.approver, each.over) for each in claim.exceptions] == [("Maude Thériault-Kane", False)]
    over = queries.claim("maison", "MAI-01", NOON + 24 * HOUR)
    assert over is not None
    assert over.exceptions[0].over is True
    assert Kind.EXCEPTION_GRANTED.value in kinds()


@pytest.mark.parametrize(("approver", "hours"), [("", 24), ("Maude Thériault-Kane", 0)])
def test_an_exception_needs_a_name_and_an_end(house, approver, hours):
    with pytest.raises(InputError, match="exception"):
        service.grant_exception(
            statement="maison",
            claim="MAI-01",
            reason=Text("x", "x"),
            approver=approver,
            expires_at=NOON + hours * HOUR,
            at=NOON,
            actor=ACTOR,
        )


@pytest.mark.parametrize(("statement", "claim"), [("maison", "MAI-99"), ("grange", "MAI-01")])
def test_an_exception_is_to_a_claim_that_stands_in_a_statement(house, statement, claim):
    with pytest.raises(InputError, match=r"no claim|no statement"):
        service.grant_exception(
            statement=statement,
            claim=claim,
            reason=Text("Serrure en commande.", "Lock on order."),
            approver="Maude Thériault-Kane",
            expires_at=NOON + HOUR,
            at=NOON,
            actor=ACTOR,
        )
    assert Kind.EXCEPTION_GRANTED.value not in kinds()


def test_only_what_is_due_is_kept(house):
    clock = ManualClock(NOON)
    assert len(service.keep_due(clock=clock, actor=ACTOR)) == 2
    clock.advance(timedelta(minutes=59))
    assert service.keep_due(clock=clock, actor=ACTOR) == []
    clock.advance(timedelta(minutes=1))
    assert service.keep_due(clock=clock, actor=ACTOR, queue="probe") == []
    assert len(service.keep_due(clock=clock, actor=ACTOR, queue="keep")) == 2


def test_what_gave_no_answer_is_tried_again_within_minutes_and_then_less_and_less_often(house, monkeypatch):
    clock = ManualClock(NOON)

    def mute(promise: object) -> object:
        raise EngineError("the door is too far away")

    seen = house.doors["front"].observe
    monkeypatch.setattr(house.doors["front"], "observe", mute)
    assert len(service.keep_due(clock=clock, actor=ACTOR)) == 2
    tried = []
    for minute in range(1, 60):
        clock.advance(timedelta(minutes=1))
        tried += [minute] * len(service.keep_due(clock=clock, actor=ACTOR))
    assert tried == [1, 3, 7, 15, 31]
    clock.advance(timedelta(minutes=4))
    monkeypatch.setattr(house.doors["front"], "observe", seen)
    assert {turn.due.promise.parameters["side"] for turn in service.keep_due(clock=clock, actor=ACTOR)} >= {"front"}
    assert states(clock.now())["MAI-01"] is State.KEPT
    clock.advance(timedelta(minutes=30))
    assert service.keep_due(clock=clock, actor=ACTOR) == []


def test_a_defect_in_one_measure_does_not_leave_the_others_unmeasured(house, monkeypatch):
    def faulty(promise: object) -> object:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(house.doors["front"], "observe", faulty)
    turns = keep(ManualClock(NOON))
    assert [turn.defect for turn in turns] == ["KeyError: 'a mistake of ours'", ""]
    assert turns[1].kept is not None


def test_importing_the_same_text_twice_changes_nothing(house):
    again = service.import_document(DOCUMENT, at=NOON + HOUR, actor=ACTOR)
    assert (again.number, again.new) == (1, False)
    assert Version.objects.count() == 1
    assert kinds().count(Kind.STATEMENT_IMPORTED.value) == 1


def test_a_new_version_is_audited_and_withdraws_what_it_leaves_out(house):
    keep(ManualClock(NOON))
    shorter = DOCUMENT[: DOCUMENT.index('[[claim]]\nid = "MAI-03"')]
    made = service.import_document(shorter, at=NOON + HOUR, actor=ACTOR)
    assert (made.number, made.new) == (2, True)
    assert set(states(NOON + HOUR)) == {"MAI-01", "MAI-02"}
    assert ClaimInterval.objects.get(claim="MAI-03").ended_at == NOON + HOUR
    assert ClaimInterval.objects.filter(claim="MAI-01", ended_at__isnull=True).count() == 1


def test_a_bad_document_changes_nothing(house):
    with pytest.raises(service.DocumentError, match="no control is named"):
        service.import_document(DOCUMENT.replace('"test.cellar"', '"test.attic"'), name="maison.toml", at=NOON, actor=ACTOR)
    assert Version.objects.count() == 1


def test_verdicts_as_a_table_are_worst_first(house):
    house.doors["back"].answer = False
    keep(ManualClock(NOON))
    lines = service.verdict_table("maison", now=NOON)
    assert [(line.claim, line.state.value) for line in lines] == [
        ("MAI-02", "broken"),
        ("MAI-03", "unproven"),
        ("MAI-04", "unproven"),
        ("MAI-01", "kept"),
    ]


def test_notes_follow_the_tls_profile(house, monkeypatch):
    page = queries.page("maison", NOON)
    assert page is not None
    assert [note.en for note in page.claims[3].notes] == ["A note for all."]


def test_facts_and_parameters_are_on_the_proof_page(house):
    keep(ManualClock(NOON))
    claim = queries.claim("maison", "MAI-02", NOON)
    assert claim is not None
    assert [(control.key, control.parameters) for control in claim.controls] == [
        ("test.door", {"side": "front"}),
        ("test.door", {"side": "back"}),
    ]
    assert [run.facts["side"] for run in claim.evidence] == ["front", "back"]
    assert claim.evidence[0].scalars == [("answer", "true"), ("side", "front")]
    assert claim.checks[0].filled(host="h", tenant="t.example:8443").command == "knock https://t.example:8443/"
    outside = Check("curl -s https://{tenant}/", Text("403", "403"), outside=True)
    assert outside.filled(host="h", tenant="t").command == "curl -s https://t/"
    assert outside.filled(host="h", tenant="t", local=True).command == "curl -k --interface 127.0.0.9 -s https://t/"
    assert queries.claim("maison", "MAI-99", NOON) is None
    assert queries.page("nowhere", NOON) is None


def test_the_json_hides_neither_broken_nor_unproven(house):
    house.doors["front"].answer = False
    keep(ManualClock(NOON))
    page = queries.page("maison", NOON)
    assert page is not None
    verdicts = queries.verdicts_json(page)
    assert [(each["claim"], each["state"]) for each in verdicts["verdicts"]] == [
        ("MAI-01", "broken"),
        ("MAI-02", "broken"),
        ("MAI-03", "unproven"),
        ("MAI-04", "unproven"),
    ]
    assert verdicts["counts"] == {"broken": 2, "unproven": 2}
    assert verdicts["verdicts"][0]["reason"] == {"fr": "Une porte est ouverte.", "en": "A door is open."}
    assert verdicts["verdicts"][0]["evidence"][0]["digest"] == EvidenceRow.objects.get(pk=page.claims[0].evidence_ids[0]).digest
    promised = queries.statement_json(page)
    assert [each["id"] for each in promised["claims"]] == ["MAI-01", "MAI-02", "MAI-03", "MAI-04"]
    assert canonical(promised).startswith(b'{"chapters":')


def test_next_check_is_the_earliest_of_all_measures(house):
    keep(ManualClock(NOON))
    page = queries.page("maison", NOON)
    assert page is not None
    assert page.next_check == NOON + HOUR


def test_two_keepers_of_one_measure_do_not_run_it_twice(committed, monkeypatch):
    """One waits inside the engine; the other finds the measure taken and leaves it alone."""
    inside, go_on = threading.Event(), threading.Event()
    door = committed.doors["front"]
    plain = door.observe

    def slow(promise):
        inside.set()
        assert go_on.wait(20)
        return plain(promise)

    monkeypatch.setattr(door, "observe", slow)
    turns: list[service.Turn] = []

    def first() -> None:
        turns.extend(keep(ManualClock(NOON)))
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(20)
    second = keep(ManualClock(NOON))
    go_on.set()
    thread.join(20)
    assert [turn.busy for turn in second] == [True, False]
    assert [turn.busy for turn in turns] == [False, False]
    assert states(NOON)["MAI-02"] is State.KEPT
    assert EvidenceRow.objects.filter(facts__side="front").count() == 1


def test_many_publishers_at_once_leave_one_open_interval_and_the_worst_state(committed):
    """Each thread keeps everything, half of them with the back door open in between; what stands is the newest truth."""
    clock = ManualClock(NOON)

    def one() -> None:
        keep(clock)
        connection.close()

    for answer in (True, False, True, False):
        committed.doors["back"].answer = answer
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        clock.advance(HOUR)
    assert ClaimInterval.objects.filter(claim="MAI-02", ended_at__isnull=True).count() == 1
    assert states(clock.now() - HOUR)["MAI-02"] is State.BROKEN
    history = list(ClaimInterval.objects.filter(claim="MAI-02").order_by("id"))
    assert [row.state for row in history] == ["unproven", "kept", "broken", "kept", "broken"]
    assert all(one.ended_at == other.began_at for one, other in pairwise(history))
