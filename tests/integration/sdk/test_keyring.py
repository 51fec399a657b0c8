"""The keyring of applications, a real process: what it gives, to whom, and that nobody opens anything once it may not."""

import base64
import http.client
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest

from garant.kernel.errors import ConfigurationError, InputError
from garant.project.supervisor.ready import _OverSocket
from garant.sdk import envelope as sealing
from garant.sdk.errors import KeysSuspended, KeysUnavailable
from garant.sdk.keyring import LEASE, Keyring, Sealed
from support.database import Database
from support.keyring import ELAN, RAPIDES, KeyringProcess

PLACE = {"table": "person", "column": "name", "row": "7"}
NAME = "Rosalie Béchamp".encode()


@pytest.fixture(scope="module")
def served(database: Database) -> Iterator[KeyringProcess]:
    with KeyringProcess(database) as made:
        yield made


@pytest.fixture
def keyring(served: KeyringProcess) -> Keyring:
    return served.client()


def ask(served: KeyringProcess, method: str, target: str, body: object = None, token: str | None = None) -> tuple[int, dict]:
    """One request as another language would make it."""
    connection = _OverSocket(served.socket)
    word = served.token.read_text(encoding="ascii") if token is None else token
    try:
        connection.request(
            method,
            target,
            body=body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {word}"},
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def values(*given: bytes, row: str = "7") -> list[dict[str, str]]:
    return [{"table": "person", "column": "name", "row": row, "value": base64.b64encode(each).decode()} for each in given]


# What a client gets


def test_a_value_opens_at_its_place_and_nowhere_else(keyring: Keyring) -> None:
    envelope = keyring.seal(tenant=ELAN, **PLACE, value=NAME)
    assert NAME not in envelope
    assert keyring.unseal(tenant=ELAN, **PLACE, envelope=envelope) == NAME
    for moved in ({"row": "8"}, {"column": "note"}, {"table": "survey"}):
        with pytest.raises(sealing.SealError):
            keyring.unseal(tenant=ELAN, **{**PLACE, **moved}, envelope=envelope)


def test_another_organisation_opens_nothing_of_it(served: KeyringProcess, keyring: Keyring) -> None:
    envelope = keyring.seal(tenant=ELAN, **PLACE, value=NAME)
    for client in (keyring, served.client()):
        with pytest.raises(sealing.SealError):
            client.unseal(tenant=RAPIDES, **PLACE, envelope=envelope)
        assert client.unseal(tenant=ELAN, **PLACE, envelope=envelope) == NAME


def test_two_processes_open_what_the_other_sealed(served: KeyringProcess) -> None:
    envelope = served.client().seal(tenant=ELAN, **PLACE, value=NAME)
    assert served.client().unseal(tenant=ELAN, **PLACE, envelope=envelope) == NAME


def test_an_index_is_the_same_for_one_organisation_and_column_only(served: KeyringProcess, keyring: Keyring) -> None:
    one = keyring.index(tenant=ELAN, column="person.email", value="Elodie@Example.org")
    assert one == served.client().index(tenant=ELAN, column="person.email", value="elodie@example.ORG")
    assert len(one) == 8
    assert one != keyring.index(tenant=RAPIDES, column="person.email", value="elodie@example.org")
    assert one != keyring.index(tenant=ELAN, column="person.other", value="elodie@example.org")


def test_a_thousand_rows_of_ten_fields_ask_once(served: KeyringProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = served.client(lease=timedelta(minutes=5))
    rows = [Sealed("person", f"c{column}", str(row), b"") for row in range(1000) for column in range(10)]
    sealed = [
        Sealed(each.table, each.column, each.row, keyring.seal(tenant=ELAN, table="person", column=each.column, row=each.row, value=NAME))
        for each in rows
    ]
    fresh, asked = served.client(lease=timedelta(minutes=5)), []
    exchange = fresh._exchange
    monkeypatch.setattr(fresh, "_exchange", lambda *words: (asked.append(words[2]), exchange(*words))[1])
    assert set(fresh.unseal_many(tenant=ELAN, values=sealed)) == {NAME}
    assert asked == [f"/v1/epoch/{ELAN}", "/v1/keys"]


def test_a_key_seals_what_it_was_allowed_and_is_asked_for_again(served: KeyringProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring, asked = served.client(lease=timedelta(minutes=5)), []
    exchange = keyring._exchange
    monkeypatch.setattr(keyring, "_exchange", lambda *words: (asked.append(words[2]), exchange(*words))[1])
    for _ in range(4097):
        keyring.seal(tenant=ELAN, **PLACE, value=b"")
    assert asked == [f"/v1/epoch/{ELAN}", "/v1/keys", "/v1/keys"]


def test_a_rotated_key_still_opens_and_the_next_seals_within_a_lease(served: KeyringProcess) -> None:
    before, keyring = served.client(), served.client()
    old = before.seal(tenant=RAPIDES, **PLACE, value=NAME)
    served.keys(RAPIDES, "rotate")
    new = keyring.seal(tenant=RAPIDES, **PLACE, value=NAME)
    assert sealing.key_id_of(old) != sealing.key_id_of(new)
    assert [keyring.unseal(tenant=RAPIDES, **PLACE, envelope=each) for each in (old, new)] == [NAME, NAME]
    time.sleep(LEASE.total_seconds())
    assert sealing.key_id_of(before.seal(tenant=RAPIDES, **PLACE, value=NAME)) == sealing.key_id_of(new)


def test_a_value_that_commits_to_its_key_opens_too(served: KeyringProcess, keyring: Keyring) -> None:
    _, given = ask(served, "POST", "/v1/keys", {"tenant": ELAN, "class": "default"})
    place = sealing.Place(given["region"], uuid.UUID(given["tenant"]), **PLACE)
    material, key = base64.b64decode(given["material"]), uuid.UUID(given["key"])
    envelope = sealing.seal_committing(material, key, os.urandom(24), place, NAME)
    for _ in range(2):
        assert keyring.unseal(tenant=ELAN, **PLACE, envelope=envelope) == NAME
        assert keyring.seal(tenant=ELAN, **PLACE, value=NAME)


def test_a_child_of_a_fork_works_beside_its_parent(keyring: Keyring) -> None:
    envelope = keyring.seal(tenant=ELAN, **PLACE, value=NAME)
    connection = keyring._held.connection
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        right = getattr(keyring._held, "connection", None) is None
        right = right and keyring.unseal(tenant=ELAN, **PLACE, envelope=envelope) == NAME
        nonces = {keyring.seal(tenant=ELAN, **PLACE, value=b"")[18:30] for _ in range(1000)}
        os.write(writer, (b"".join(nonces) if right else b"no"))
        os._exit(0)
    os.close(writer)
    told = b""
    while part := os.read(reader, 65536):
        told += part
    os.waitpid(child, 0)
    mine = {keyring.seal(tenant=ELAN, **PLACE, value=b"")[18:30] for _ in range(1000)}
    theirs = {told[start : start + 12] for start in range(0, len(told), 12)}
    assert len(theirs) == 1000
    assert mine.isdisjoint(theirs)
    assert keyring._held.connection is connection


def test_many_threads_share_one_keyring(keyring: Keyring) -> None:
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        tenant = (ELAN, RAPIDES)[number % 2]
        try:
            for row in range(200):
                place = {**PLACE, "row": f"{number}-{row}"}
                envelope = keyring.seal(tenant=tenant, **place, value=NAME)
                assert keyring.unseal(tenant=tenant, **place, envelope=envelope) == NAME
        except BaseException as error:  # noqa: BLE001 - told to the test
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# When it may not


class Reader:
    """A process that opens one value again and again; when it last could, and what it was told then."""

    def __init__(self, keyring: Keyring, tenant: str, envelope: bytes) -> None:
        self.last, self.refused, self.word = 0.0, 0.0, ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(keyring, tenant, envelope))
        self._thread.start()

    def _read(self, keyring: Keyring, tenant: str, envelope: bytes) -> None:
        while not self._stop.is_set():
            try:
                assert keyring.unseal(tenant=tenant, **PLACE, envelope=envelope) == NAME
                self.last = time.monotonic()
            except (KeysSuspended, KeysUnavailable) as error:
                self.refused = self.refused or time.monotonic()
                self.word = type(error).__name__
            time.sleep(0.001)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def reading(served: KeyringProcess, count: int = 3, **more: object) -> list[Reader]:
    envelope = served.client().seal(tenant=ELAN, **PLACE, value=NAME)
    readers = [Reader(served.client(**more), ELAN, envelope) for _ in range(count)]
    for _ in range(500):
        if all(each.last for each in readers):
            return readers
        time.sleep(0.01)
    raise AssertionError("nobody reads")


def test_nobody_opens_anything_a_second_after_a_suspension(served: KeyringProcess) -> None:
    other = served.client()
    theirs = other.seal(tenant=RAPIDES, **PLACE, value=NAME)
    readers = reading(served)
    try:
        assert served.keys(ELAN, "suspend")
        told = time.monotonic()
        time.sleep(1.5)
        for reader in readers:
            reader.stop()
            assert reader.last - told < 1.0
            assert reader.word == "KeysSuspended"
        with pytest.raises(KeysSuspended):
            served.client().seal(tenant=ELAN, **PLACE, value=NAME)
        for verb, body in (("keys", {}), ("seal", {"values": values(NAME)}), ("index", {"column": "person.email", "values": ["a"]})):
            status, answer = ask(served, "POST", f"/v1/{verb}", {"tenant": ELAN, **body})
            assert (status, answer["error"]) == (403, "suspended")
        assert ask(served, "GET", f"/v1/epoch/{ELAN}")[1]["state"] == "suspended"
        assert other.unseal(tenant=RAPIDES, **PLACE, envelope=theirs) == NAME
    finally:
        for reader in readers:
            reader.stop()
        served.keys(ELAN, "resume")
    assert served.client().seal(tenant=ELAN, **PLACE, value=NAME)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_without_a_keyring_everything_is_refused_within_a_second_and_comes_back(served: KeyringProcess, number: int) -> None:
    readers = reading(served, patience=timedelta(milliseconds=450))
    try:
        served.signal(number)
        told = time.monotonic()
        time.sleep(1.6)
        for reader in readers:
            assert reader.last - told < 1.0
            assert 0 < reader.refused - told < 1.3
            assert reader.word == "KeysUnavailable"
        if number == signal.SIGSTOP:
            served.signal(signal.SIGCONT)
        else:
            served.stop()
            served.start()
        back = time.monotonic()
        for _ in range(500):
            if all(reader.last > back for reader in readers):
                break
            time.sleep(0.02)
        assert all(reader.last > back for reader in readers)
    finally:
        for reader in readers:
            reader.stop()


def test_a_lease_is_half_a_second_and_counts_from_the_question(served: KeyringProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that comes later than a lease confirms nothing: it may have been true when it was asked only."""
    keyring = served.client(patience=timedelta(milliseconds=900))
    envelope = keyring.seal(tenant=ELAN, **PLACE, value=NAME)
    exchange = keyring._exchange
    monkeypatch.setattr(keyring, "_exchange", lambda *words: (time.sleep(LEASE.total_seconds() + 0.1), exchange(*words))[1])
    time.sleep(LEASE.total_seconds() + 0.05)
    with pytest.raises(KeysUnavailable, match="too slowly"):
        keyring.unseal(tenant=ELAN, **PLACE, envelope=envelope)


def test_a_keyring_that_lies_about_a_key_is_not_believed(served: KeyringProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = served.client()
    exchange = keyring._exchange

    def lie(*words: object) -> tuple[int, dict]:
        status, answer = exchange(*words)
        return status, {**answer, "material": base64.b64encode(bytes(32)).decode()} if "material" in answer else answer

    monkeypatch.setattr(keyring, "_exchange", lie)
    with pytest.raises(sealing.SealError, match="check value"):
        keyring.seal(tenant=ELAN, **PLACE, value=NAME)


def test_a_wrong_token_and_a_missing_one_are_said(served: KeyringProcess, tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="refuses this token"):
        Keyring(served.socket, "guess").seal(tenant=ELAN, **PLACE, value=NAME)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Keyring(served.socket, tmp_path / "none").seal(tenant=ELAN, **PLACE, value=NAME)


@pytest.mark.parametrize("tenant", ["", "../keys", "saint elan", "saint-élan", "a|b"])
def test_what_is_no_short_name_never_leaves_the_process(keyring: Keyring, tenant: str) -> None:
    with pytest.raises(InputError, match="short name"):
        keyring.seal(tenant=tenant, **PLACE, value=NAME)


def test_an_organisation_that_nobody_knows_has_no_keys(keyring: Keyring) -> None:
    with pytest.raises(KeysUnavailable, match="knows no organisation 'nowhere'"):
        keyring.seal(tenant="nowhere", **PLACE, value=NAME)


# The process, asked in its own words


def test_it_seals_opens_and_indexes_for_other_languages(served: KeyringProcess, keyring: Keyring) -> None:
    status, answer = ask(served, "POST", "/v1/seal", {"tenant": ELAN, "values": values(NAME, b"Omer")})
    assert status == 200
    envelopes = [base64.b64decode(each) for each in answer["values"]]
    assert [keyring.unseal(tenant=ELAN, **PLACE, envelope=each) for each in envelopes] == [NAME, b"Omer"]
    mine = keyring.seal(tenant=ELAN, **PLACE, value=b"Idriss")
    status, answer = ask(served, "POST", "/v1/unseal", {"tenant": ELAN, "values": values(mine, envelopes[0])})
    assert (status, [base64.b64decode(each) for each in answer["values"]]) == (200, [b"Idriss", NAME])
    status, answer = ask(served, "POST", "/v1/index", {"tenant": ELAN, "column": "person.email", "values": ["A@b.org"]})
    assert base64.b64decode(answer["values"][0]) == keyring.index(tenant=ELAN, column="person.email", value="a@B.org")


def test_one_bad_value_refuses_the_batch_and_is_named(served: KeyringProcess, keyring: Keyring) -> None:
    good, moved = keyring.seal(tenant=ELAN, **PLACE, value=NAME), keyring.seal(tenant=ELAN, **{**PLACE, "row": "8"}, value=NAME)
    status, answer = ask(served, "POST", "/v1/unseal", {"tenant": ELAN, "values": values(good, moved)})
    assert (status, answer["error"]) == (422, "not_sealed_here")
    assert answer["detail"].startswith("value 1:")


def test_keys_that_are_garants_own_are_never_given_out(served: KeyringProcess) -> None:
    for own in ("backup:2026-11", "ledger", "garant", "garant:2026"):
        for target, more in (("/v1/keys", {}), ("/v1/seal", {"values": values(NAME)})):
            status, answer = ask(served, "POST", target, {"tenant": ELAN, "class": own, **more})
            assert (status, answer["error"]) == (403, "not_for_applications"), (target, own)


def test_the_operators_organisation_is_none_of_the_applications(served: KeyringProcess) -> None:
    served.steward.ask("organisation", slug="operator", host="garant.localhost", operator=True)
    assert ask(served, "GET", "/v1/epoch/operator")[0] == 404
    for target, more in (
        ("/v1/keys", {}),
        ("/v1/seal", {"values": values(NAME)}),
        ("/v1/unseal", {"values": values(NAME)}),
        ("/v1/index", {"column": "person.email", "values": ["a@b.org"]}),
    ):
        status, answer = ask(served, "POST", target, {"tenant": "operator", **more})
        assert (status, answer["error"]) == (404, "unknown"), target
    assert ask(served, "POST", "/v1/keys", {"tenant": ELAN})[0] == 200


def test_an_application_that_makes_up_classes_is_stopped(served: KeyringProcess) -> None:
    """Each key is for ever. Another organisation, a class that has a key, and the keys of people go on."""
    seen = [ask(served, "POST", "/v1/keys", {"tenant": ELAN, "class": f"made-up-{number}"}) for number in range(101)]
    assert seen[0][0] == 200
    status, answer = seen[-1]
    assert (status, answer["error"]) == (400, "bad_request")
    assert "100 classes already" in answer["detail"]
    for tenant, data_class, expected in (
        (ELAN, "made-up-0", 200),
        (ELAN, f"subject:{uuid.uuid4()}", 200),
        (ELAN, "subject:rosalie", 400),
        (ELAN, "made:up", 400),
        (RAPIDES, "made-up-100", 200),
    ):
        assert ask(served, "POST", "/v1/keys", {"tenant": tenant, "class": data_class})[0] == expected, data_class


def test_a_key_of_another_organisation_does_not_exist(served: KeyringProcess) -> None:
    _, given = ask(served, "POST", "/v1/keys", {"tenant": ELAN})
    assert ask(served, "POST", "/v1/keys", {"tenant": RAPIDES, "key": given["key"]})[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        ({}, 400),
        ({"tenant": 7}, 400),
        ({"tenant": ELAN, "class": "Bad Name"}, 400),
        ({"tenant": ELAN, "key": "not an id"}, 400),
        ({"tenant": "nowhere"}, 404),
    ],
)
def test_what_cannot_be_read_is_said(served: KeyringProcess, body: object, status: int) -> None:
    found, answer = ask(served, "POST", "/v1/keys", body)
    assert found == status
    assert answer["detail"]


def test_batches_have_a_limit(served: KeyringProcess) -> None:
    assert ask(served, "POST", "/v1/seal", {"tenant": ELAN, "values": values(*[b""] * 1001)})[0] == 400
    assert ask(served, "POST", "/v1/seal", {"tenant": ELAN, "values": []})[0] == 400
    try:
        status, answer = ask(served, "POST", "/v1/seal", b" " * (5 * 1024 * 1024))
    except (OSError, http.client.HTTPException):
        return  # cut off before it was read: refused as well
    assert (status, answer["error"]) == (413, "too_large")


@pytest.mark.parametrize("token", ["", "guess", "é"])
def test_without_the_token_there_is_no_answer(served: KeyringProcess, token: str) -> None:
    status, answer = ask(served, "GET", f"/v1/epoch/{ELAN}", token=token.encode().decode("latin-1"))
    assert (status, answer["error"]) == (401, "unauthorised")


def test_the_digest_alone_is_readable_by_the_process(served: KeyringProcess, database: Database) -> None:
    token = served.token.read_text(encoding="ascii")
    assert token not in (database.data / "secrets" / "keyring-sondage-digest").read_text(encoding="ascii")


def test_without_the_database_nothing_is_confirmed(served: KeyringProcess, database: Database) -> None:
    readers = reading(served, count=1)
    with database.connect("postgres", name="postgres") as server:
        server.execute("alter database test_keyring allow_connections false")
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'test_keyring'")
        told = time.monotonic()
        try:
            time.sleep(1.2)
            assert readers[0].last - told < 1.0
        finally:
            server.execute("alter database test_keyring allow_connections true")
            readers[0].stop()


@pytest.mark.parametrize("target", ["/nope", "/", "/v1/epoch/", "/v1/epoch/%00", "/v1/epoch/a/b", "/v1/keys/"])
def test_an_address_that_is_not_there_is_said_in_json(served: KeyringProcess, target: str) -> None:
    status, answer = ask(served, "GET", target)
    assert (status, answer["error"]) == (404, "unknown")
