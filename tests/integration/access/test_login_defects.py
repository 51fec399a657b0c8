"""One test for each defect that the login library, or its surroundings, were seen to have. Named after the defect."""

import json
from base64 import b32decode, b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.db import connection, connections

from garant.access.engines.allauth import FactorAdapter, TenantBackend, secrets_of
from garant.access.models import Session
from garant.access.policy import totp
from garant.access.service import FactorRule, accept_code, change_settings, deactivate_user, reactivate_user, set_password
from garant.access.sessions import digest_of
from garant.audit import queries as audit
from garant.identity.service import tenant_transaction
from garant.sdk.envelope import key_id_of
from garant.vault import service as vault
from garant.vault.service import SealError
from support.visitors import NOW, PASSWORD, Browser, Person, csrf_of, later, person, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("support.access_pages")]
WRONG = "ce n'est pas cela du tout"


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice() -> Person:
    return person(tenant("saint-elan", "Ville de Saint-Élan"), "alice", "member")


@pytest.fixture
def bob() -> Person:
    return person(tenant("trois-rapides", "MRC des Trois-Rapides"), "bob", "member")


def refusals(of: Person) -> Counter[str]:
    with tenant_transaction(of.tenant.id):
        return Counter(entry.payload["why"] for entry in audit.entries(tenant=of.tenant.id, kinds=["user:session:refused"]))


def test_a_used_code_is_refused_for_as_long_as_it_could_be_valid(alice: Person) -> None:
    """Trap 4: at tolerance 1 the library forgets a used code after 30 s, and accepts it for 90."""
    browser = Browser(alice.tenant).come_in(alice)
    start = NOW()
    code = totp.code(browser.secret, totp.step_of(start) + 1)
    with tenant_transaction(alice.tenant.id):
        assert accept_code(user=alice.id, code=code, at=start) is not None
        for seconds in (0, 1, 29, 31, 59, 61):
            assert accept_code(user=alice.id, code=code, at=later(seconds)) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_parallel_posts_of_one_code_one_wins(alice: Person) -> None:
    """Trap 4: the step is written by one guarded UPDATE."""
    secret = Browser(alice.tenant).come_in(alice).secret
    code, at = totp.code(secret, totp.step_of(NOW()) + 1), NOW()

    def post(_: int) -> bool:
        try:
            with tenant_transaction(alice.tenant.id):
                return accept_code(user=alice.id, code=code, at=at) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(post, range(6))) == [False] * 5 + [True]


def test_no_secret_of_a_factor_lies_in_clear_and_a_copied_row_does_not_open(alice: Person) -> None:
    """Trap 5."""
    mallory = person(alice.tenant, "mallory", "member")
    secret = Browser(alice.tenant).come_in(alice).secret
    with tenant_transaction(alice.tenant.id):
        with connection.cursor() as cursor:
            cursor.execute("select data::text from mfa_authenticator where user_id = %s", [alice.id])
            raw = " ".join(row[0] for row in cursor.fetchall())
        assert totp.spoken(secret) not in raw
        assert secret.hex() not in raw
        sealed = Authenticator.objects.get(user_id=alice.id, type="totp").data["secret"]
        with secrets_of(alice.id, "totp"):
            assert totp.spoken(secret) in FactorAdapter().decrypt(sealed)
        with secrets_of(mallory.id, "totp"), pytest.raises(SealError):
            FactorAdapter().decrypt(sealed)
        with secrets_of(alice.id, "recovery_codes"), pytest.raises(SealError):
            FactorAdapter().decrypt(sealed)


def test_the_application_opens_and_makes_no_second_factor(alice: Person, bob: Person) -> None:
    """They lay under `default`, of which the protected application is given keys."""
    for who in (alice, bob):
        Browser(who.tenant).come_in(who)
        with tenant_transaction(who.tenant.id):
            for factor in Authenticator.objects.filter(user_id=who.id):
                envelope = b64decode(factor.data["secret" if factor.type == "totp" else "seed"])
                held = vault.Sealable("mfa_authenticator", f"data.{factor.type}", str(who.id), envelope)
                with pytest.raises(vault.NotForApplications):
                    vault.unseal_values(tenant=who.tenant.id, values=[held], at=NOW())
                with pytest.raises(vault.NotForApplications):
                    vault.lease_to_application(tenant=who.tenant.id, at=NOW(), key_id=key_id_of(envelope))


def test_a_factor_of_before_opens_and_is_sealed_again_at_its_next_use(alice: Person, bob: Person) -> None:
    for who in (alice, bob):
        Browser(who.tenant).come_in(who)
        with tenant_transaction(who.tenant.id):
            for factor in Authenticator.objects.filter(user_id=who.id):
                word = "secret" if factor.type == "totp" else "seed"
                place = {"table": "mfa_authenticator", "column": f"data.{factor.type}", "row": str(who.id)}
                clear = vault.unseal(tenant=who.tenant.id, envelope=b64decode(factor.data[word]), **place)
                former = vault.seal(tenant=who.tenant.id, plaintext=clear, **place)
                factor.data = {**factor.data, word: b64encode(former).decode()}
                factor.save(update_fields=["data"])
    at = later(30)
    with tenant_transaction(alice.tenant.id):
        assert accept_code(user=alice.id, code=totp.code(secret_of(alice), totp.step_of(at)), at=at) is not None
    assert classes_of(alice) == {vault.OWN_CLASS}
    assert classes_of(bob) == {vault.DEFAULT_CLASS}, "nobody else's is touched"
    at = later(90)
    with tenant_transaction(alice.tenant.id):
        assert accept_code(user=alice.id, code=totp.code(secret_of(alice), totp.step_of(at)), at=at) is not None


def secret_of(who: Person) -> bytes:
    """Inside the transaction of their organisation."""
    with secrets_of(who.id, "totp"):
        return b32decode(FactorAdapter().decrypt(Authenticator.objects.get(user_id=who.id, type="totp").data["secret"]))


def classes_of(who: Person) -> set[str]:
    with tenant_transaction(who.tenant.id):
        held = [each.data["secret" if each.type == "totp" else "seed"] for each in Authenticator.objects.filter(user_id=who.id)]
        assert len(held) == 2
        return {vault.sealed_as(tenant=who.tenant.id, envelope=b64decode(each)) for each in held}


def test_without_a_person_no_secret_is_sealed_nor_opened(alice: Person) -> None:
    """Trap 5: the hooks receive the text alone; unset means refuse."""
    with tenant_transaction(alice.tenant.id):
        for act in (FactorAdapter().encrypt, FactorAdapter().decrypt):
            with pytest.raises(RuntimeError, match="secrets_of"):
                act("JBSWY3DPEHPK3PXP")


def test_a_secret_that_is_being_set_up_does_not_lie_in_clear_in_the_session(alice: Person) -> None:
    browser = Browser(alice.tenant)
    browser.type_password("alice")
    page = browser.get("/.garant/en/login/enrol/")
    key = page.context["secret"].replace(" ", "")
    with tenant_transaction(alice.tenant.id):
        rows = [bytes(row.data) for row in Session.objects.all()]
    assert rows
    assert not any(key.encode() in row or b"account_login" in row for row in rows)


def test_no_identifier_of_a_session_is_anywhere_in_the_database(alice: Person) -> None:
    """INT-34: a dump of the database replays nothing."""
    sid = Browser(alice.tenant).come_in(alice).cookie
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public' "
            "and data_type in ('text', 'character varying', 'jsonb', 'json', 'bytea')"
        )
        columns = cursor.fetchall()
        assert len(columns) > 30
        with tenant_transaction(alice.tenant.id):
            for table, column in columns:
                text = f'"{column}"::text like %s or "{column}"::text like %s'
                cursor.execute(f'select count(*) from "{table}" where {text}', [f"%{sid}%", f"%{sid.encode().hex()}%"])
                assert cursor.fetchone() == (0,), f"{table}.{column}"
            cursor.execute("select count(*) from access_session where key = %s", [digest_of(sid)])
            assert cursor.fetchone() == (1,)


def test_a_reactivated_person_does_not_come_back_with_the_old_cookie(alice: Person) -> None:
    """Trap 7."""
    admin = person(alice.tenant, "root", "admin")
    browser = Browser(alice.tenant).come_in(alice)
    with tenant_transaction(alice.tenant.id):
        deactivate_user(user=alice.id, actor=str(admin.id), at=NOW())
    assert browser.get("/.garant/en/factors/").status_code == 302
    with tenant_transaction(alice.tenant.id):
        reactivate_user(user=alice.id, actor=str(admin.id), at=NOW())
    thief = Browser(alice.tenant)
    thief.bring(browser.cookie)
    assert thief.get("/.garant/en/factors/").status_code == 302
    again = Browser(alice.tenant)
    assert again.type_password("alice").status_code == 302, "the person may come back, by the door"


def test_a_deactivated_person_is_refused_in_the_words_of_a_wrong_password(alice: Person) -> None:
    admin = person(alice.tenant, "root", "admin")
    with tenant_transaction(alice.tenant.id):
        deactivate_user(user=alice.id, actor=str(admin.id), at=NOW())
    answers = [Browser(alice.tenant).type_password(*typed) for typed in (("alice", PASSWORD), ("alice", WRONG), ("nobody", WRONG))]
    assert {answer.status_code for answer in answers} == {400}
    assert all(b"do not go together" in answer.content for answer in answers)


def test_an_unknown_name_costs_the_same_work_as_a_known_one(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list of names by the clock: hashes are counted, not milliseconds."""
    computed: list[int] = []
    original = Argon2PasswordHasher.verify

    def verify(self: Any, password: str, encoded: str) -> bool:
        computed.append(1)
        return original(self, password, encoded)

    monkeypatch.setattr(Argon2PasswordHasher, "verify", verify)
    carol = person(alice.tenant, "carol", "member", password=None)
    counts = []
    with tenant_transaction(alice.tenant.id):
        for login in ("alice", "nobody", carol.login):
            computed.clear()
            assert TenantBackend().authenticate(None, username=login, password=WRONG) is None
            counts.append(len(computed))
    assert counts == [1, 1, 1]


def test_two_clients_behind_the_edge_have_quotas_of_their_own_and_a_forged_header_changes_nothing(alice: Person) -> None:
    """Trap 12: without the edge's word everybody would be one address. Ten failures a minute for each address."""
    for number in range(10):
        answer = Browser(alice.tenant, "198.51.100.1", **{"x-forwarded-for": f"10.0.0.{number}"}).type_password(f"nobody{number}", WRONG)
        assert b"do not go together" in answer.content
    same = Browser(alice.tenant, "198.51.100.1", **{"x-forwarded-for": "203.0.113.77", "forwarded": "for=203.0.113.78"})
    assert b"Too many tries" in same.type_password("nobody11", WRONG).content
    other = Browser(alice.tenant, "198.51.100.2", **{"x-forwarded-for": "198.51.100.1"})
    assert b"do not go together" in other.type_password("nobody12", WRONG).content


@pytest.mark.django_db(transaction=True)
def test_thirty_bad_logins_from_eight_threads_are_five_attempts(alice: Person, bob: Person) -> None:
    """Trap 13: limits hold over workers, since the count is in the database; they are per tenant, login name and network."""
    namesake = person(bob.tenant, "alice", "member")

    def attempt(number: int) -> int:
        try:
            return int(Browser(alice.tenant, f"198.51.100.{number}").type_password("Alice" if number % 2 else "alice", WRONG).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(30))) == {400}
    found = refusals(alice)
    assert found == {"password": 5, "too many tries": 25}
    locked = Browser(alice.tenant, "198.51.100.200").type_password("alice")
    assert b"Too many tries" in locked.content, "the right password too, from that network, for five minutes"
    assert Browser(bob.tenant, "198.51.100.200").type_password(namesake.login).status_code == 302, (
        "the namesake next door is not locked out"
    )


def test_brute_force_on_a_code_stops_at_five(alice: Person) -> None:
    secret = Browser(alice.tenant).come_in(alice).secret
    browser = Browser(alice.tenant, "198.51.100.9")
    browser.secret = secret
    browser.type_password("alice")
    page = browser.get("/.garant/en/login/code/")
    for number in range(5):
        assert b"not accepted" in browser.post("/.garant/en/login/code/", page, code=f"{number:06}").content
    answer = browser.type_code(1)
    assert answer.status_code == 400
    assert b"Too many tries" in answer.content, "the right code too"
    elsewhere = Browser(alice.tenant, "203.0.113.9")
    elsewhere.secret = secret
    elsewhere.type_password("alice")
    assert b"Too many tries" in elsewhere.type_code(1).content, "the count is the person's, not the address's"
    assert refusals(alice)["code"] == 5


def test_a_recovery_code_opens_once_and_leaves_an_entry(alice: Person) -> None:
    first = Browser(alice.tenant).come_in(alice)
    code = first.get("/.garant/en/factors/codes/").context["codes"][3]
    for expected in (302, 400):
        browser = Browser(alice.tenant)
        browser.type_password("alice")
        assert browser.post("/.garant/en/login/code/", code=f"{code[:4]} {code[4:]}").status_code == expected
    with tenant_transaction(alice.tenant.id):
        used = audit.entries(tenant=alice.tenant.id, kinds=["user:recovery_code:used"])
        assert [entry.payload["left"] for entry in used] == [9]
        assert code not in json.dumps([dict(entry.payload) for entry in audit.entries(tenant=alice.tenant.id)])
        assert {row.factor for row in Session.objects.filter(user_id=alice.id)} == {"totp", "recovery"}


def test_another_password_ends_every_other_session(alice: Person) -> None:
    desk = Browser(alice.tenant).come_in(alice)
    phone = Browser(alice.tenant)
    phone.secret = desk.secret
    phone.type_password("alice")
    phone.type_code(1)
    before = desk.cookie
    answer = desk.post("/.garant/en/password/", present=PASSWORD, password="huit lampes sous la pluie")
    assert answer.status_code == 302
    assert desk.cookie not in ("", before)
    assert desk.get("/.garant/en/factors/").status_code == 200
    assert phone.get("/.garant/en/factors/").status_code == 302
    assert Browser(alice.tenant).type_password("alice").status_code == 400
    assert Browser(alice.tenant).type_password("alice", "huit lampes sous la pluie").status_code == 302


def test_a_session_is_bound_to_the_password_even_if_its_row_stays(alice: Person) -> None:
    """The library's session hash would be that of "no password column": it must change with ours."""
    browser = Browser(alice.tenant).come_in(alice)
    with tenant_transaction(alice.tenant.id):
        set_password(user=alice.id, raw="huit lampes sous la pluie", actor="system:test", at=NOW(), but=digest_of(browser.cookie))
        assert Session.objects.filter(key=digest_of(browser.cookie)).exists()
    assert browser.get("/.garant/en/factors/").status_code == 302


def test_a_weak_password_is_refused_in_words(alice: Person) -> None:
    browser = Browser(alice.tenant).come_in(alice)
    answer = browser.post("/.garant/en/password/", present=PASSWORD, password="password1234")
    assert answer.status_code == 400
    assert b"too common" in answer.content
    assert Browser(alice.tenant).type_password("alice").status_code == 302


def test_pasting_and_password_managers_are_welcome(alice: Person) -> None:
    """WCAG 3.3.8."""
    browser = Browser(alice.tenant)
    page = browser.get("/.garant/en/login/").content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    browser.type_password("alice")
    enrol = browser.get("/.garant/en/login/enrol/").content.decode()
    assert 'autocomplete="one-time-code"' in enrol
    assert "<svg" in enrol
    assert "onpaste" not in page + enrol
    assert "<script" not in page + enrol
    assert "style=" not in enrol


def test_a_request_that_did_not_pass_the_edge_is_refused(alice: Person) -> None:
    """Without an address there is no answer: the listener is a socket, and its peer has none."""
    browser = Browser(alice.tenant)
    answer = browser.client.get("/.garant/en/login/", secure=True, headers={"host": browser.host, "x-edge-ip": "nonsense"})
    assert (answer.status_code, answer["X-Reason"]) == (403, "address")


def test_an_enrolled_person_is_asked_for_the_code_even_where_none_is_required(alice: Person) -> None:
    """A factor that can be walked around is none."""
    from_first = Browser(alice.tenant).come_in(alice)
    with tenant_transaction(alice.tenant.id):
        change_settings(factor_rule=FactorRule.OFF, actor="system:test", at=NOW())
    browser = Browser(alice.tenant)
    browser.secret = from_first.secret
    assert browser.type_password("alice")["Location"] == "/.garant/en/login/code/"
    page = browser.get("/.garant/en/login/enrol/")
    assert page["Location"] == "/.garant/en/login/"
    assert csrf_of(browser.get("/.garant/en/login/code/"))
