"""`garant key`: two administrators of the operator, an organisation's keys, and everything in words."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from garant.access import service as access
from garant.access.policy import totp
from garant.access.service.factors import enrol_totp
from garant.identity.models import Tenant
from garant.identity.queries import person_by_login
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import InputError, Refused
from garant.project.cli.key import app
from garant.project.cli.tenant import app as tenants
from garant.project.configuration import Vault
from garant.vault import service as vault
from garant.vault.service import KeySuspended
from support.keys import forget_keys, key_store
from support.visitors import PASSWORD, person, tenant

pytestmark = pytest.mark.django_db
PLACE = {"table": "person", "column": "sin", "row": "7"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[dict[str, Tenant]]:
    """The operator with two administrators and a member, and two towns."""
    with key_store(tmp_path):
        operator = tenant("operator", "Logiciels", operator=True)
        for login, *roles in (("anne", "admin"), ("ben", "admin"), ("carl", "member")):
            person(operator, login, *roles)
        yield {"operator": operator, "mine": tenant("saint-elan", "Saint-Élan"), "theirs": tenant("trois-rapides", "Trois-Rapides")}


@pytest.fixture
def password(tmp_path: Path) -> str:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return str(tmp_path / "password")


def run(*words: str, typed: str = "") -> str:
    """What the command prints. Its refusals are raised: `main` turns them into one line."""
    done: Any = CliRunner().invoke(app, list(words), input=typed)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def sealed(of: Tenant) -> bytes:
    with tenant_transaction(of.id):
        return vault.seal(tenant=of.id, plaintext=b"046 454 286", **PLACE)


def opened(of: Tenant, envelope: bytes) -> bytes:
    forget_keys()
    with tenant_transaction(of.id):
        return vault.unseal(tenant=of.id, envelope=envelope, **PLACE)


def order(slug: str, verb: str, password: str, *more: str) -> str:
    said = run("order", slug, verb, "--reason", "fin de contrat", "--by", "anne", "--password-file", password, "--json", *more)
    return str(json.loads(said)["id"])


def approved(slug: str, verb: str, password: str, *more: str) -> str:
    id_ = order(slug, verb, password, *more)
    run("approve", id_, "--by", "ben", "--password-file", password)
    return id_


def close(of: Tenant) -> None:
    with tenant_transaction(of.id, scope="operator"):
        access.suspend_tenant(reason="fin de contrat", actor="system:test", at=SystemClock().now())


def test_two_administrators_suspend_and_resume(house: dict[str, Tenant], password: str) -> None:
    mine, theirs = sealed(house["mine"]), sealed(house["theirs"])
    with pytest.raises(InputError, match="garant tenant suspend saint-elan"):
        run("order", "saint-elan", "suspend", "--reason", "litige", "--by", "anne", "--password-file", password)
    close(house["mine"])
    said = run("order", "saint-elan", "suspend", "--reason", "litige", "--by", "anne", "--password-file", password)
    assert "1 data keys: default" in said
    assert "sealed rows: not counted here" in said
    listed = json.loads(run("list", "--json"))
    (waiting,) = listed["orders"]
    assert (waiting["state"], waiting["reason"]) == ("ordered", "litige")
    with pytest.raises(Refused, match="another person"):
        run("approve", waiting["id"], "--by", "anne", "--password-file", password)
    with pytest.raises(Refused, match="is ordered"):
        run("execute", waiting["id"], "--by", "ben", "--password-file", password)
    run("approve", waiting["id"], "--by", "ben", "--password-file", password)
    assert "is done: suspend" in run("execute", waiting["id"], "--by", "anne", "--password-file", password)
    with pytest.raises(KeySuspended):
        opened(house["mine"], mine)
    assert opened(house["theirs"], theirs)
    assert "saint-elan: suspended" in run("list")
    assert run("list", "trois-rapides").startswith("trois-rapides: active\n")
    reopened: Any = CliRunner().invoke(tenants, ["resume", "saint-elan", "--reason", "fin"])
    assert "garant key order saint-elan" in str(reopened.exception)
    run("execute", approved("saint-elan", "resume", password), "--by", "ben", "--password-file", password)
    assert opened(house["mine"], mine)
    assert "is resumed" in CliRunner().invoke(tenants, ["resume", "saint-elan", "--reason", "fin"]).output


def test_a_destruction_is_cancelled_by_two_holders_of_shares(
    house: dict[str, Tenant], password: str, tmp_path: Path, settings: Any
) -> None:
    close(house["mine"])
    holders = [tmp_path / f"holder-{number}" for number in range(3)]
    recipients = tuple(run("identity", str(path)).strip() for path in holders)
    assert all(path.stat().st_mode & 0o077 == 0 for path in holders)
    with pytest.raises(InputError, match="not written over"):
        run("identity", str(holders[0]))
    settings.GARANT = replace(settings.GARANT, vault=Vault(recipients))
    envelope = sealed(house["mine"])
    with pytest.raises(InputError, match="not sealed to people"):
        run("shares", "saint-elan")
    said = run("execute", approved("saint-elan", "destroy", password), "--by", "anne", "--password-file", password)
    assert "form: escrow" in said
    assert "older_copies: open nothing" in said
    assert "saint-elan: pending_destruction, destroyed on" in run("list")
    (tmp_path / "shares.json").write_text(run("shares", "saint-elan"))
    parts = [run("share", str(tmp_path / "shares.json"), "--identity", str(path)).strip() for path in holders[:2]]
    files = [str(tmp_path / f"share-{number}") for number in range(2)]
    for path, part in zip(files, parts, strict=True):
        Path(path).write_text(f"{part}\n")
    id_ = approved("saint-elan", "cancel_destruction", password)
    with pytest.raises(InputError, match="none cannot be read"):
        run("execute", id_, "--by", "ben", "--password-file", password, "--share-file", str(tmp_path / "none"))
    with pytest.raises(InputError, match="2 are needed"):
        run("execute", id_, "--by", "ben", "--password-file", password, "--share-file", files[0])
    run("execute", id_, "--by", "ben", "--password-file", password, "--share-file", files[0], "--share-file", "-", typed=f"{parts[1]}\n")
    assert opened(house["mine"], envelope)
    with pytest.raises(InputError, match="not what `garant key shares` printed"):
        run("share", str(holders[0]), "--identity", str(holders[0]))


def test_who_is_no_administrator_of_the_operator_orders_nothing(house: dict[str, Tenant], password: str, tmp_path: Path) -> None:
    close(house["mine"])
    person(house["mine"], "rosalie", "admin")
    (tmp_path / "wrong").write_text("autre\n")
    for login, held in (("carl", password), ("rosalie", password), ("nobody", password), ("anne", str(tmp_path / "wrong"))):
        with pytest.raises(Refused, match="no administrator of the operator"):
            run("order", "saint-elan", "suspend", "--reason", "x", "--by", login, "--password-file", held)
    assert json.loads(run("list", "--json"))["orders"] == []


def test_a_person_with_a_verification_code_gives_one(house: dict[str, Tenant], password: str) -> None:
    close(house["mine"])
    secret, now = b"12345678901234567890", SystemClock().now()
    operator = house["operator"]
    with tenant_transaction(operator.id):
        dora = person(operator, "dora", "admin")
        step = totp.step_of(now)
        enrol_totp(user=dora.id, secret=secret, code=totp.code(secret, step), actor="system:test", at=now)
    words = ("order", "saint-elan", "suspend", "--reason", "x", "--by", "dora", "--password-file", password)
    with pytest.raises(Refused, match="not a verification code"):
        run(*words, "--code-file", "-", typed=f"{totp.code(secret, step)}\n")
    assert "Order" in run(*words, "--code-file", "-", typed=f"{totp.code(secret, step + 1)}\n")


@pytest.mark.parametrize("words", [("execute", "x", "--by", "anne", "--share", "y"), ("approve", "x", "--by", "anne", "--code", "1")])
def test_no_secret_is_taken_from_the_command_line(words: tuple[str, ...]) -> None:
    """Every user of the machine can read it."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 2
    assert "No such option" in done.output


@pytest.mark.parametrize(("gone", "word"), [("anne", "ordered"), ("ben", "approved")])
def test_an_order_of_who_is_no_administrator_any_more_is_not_executed(
    house: dict[str, Tenant], password: str, gone: str, word: str
) -> None:
    operator = house["operator"]
    with tenant_transaction(operator.id):
        person(operator, "dora", "admin")
    close(house["mine"])
    envelope = sealed(house["mine"])
    id_ = approved("saint-elan", "suspend", password)
    with tenant_transaction(operator.id):
        leaving = person_by_login(gone, operator.id)
        assert leaving is not None
        access.deactivate_user(user=leaving.pk, actor="system:test", at=SystemClock().now())
    with pytest.raises(Refused, match=f"the person who {word} .* no active administrator"):
        run("execute", id_, "--by", "dora", "--password-file", password)
    assert opened(house["mine"], envelope)
    run("cancel", id_, "--by", "dora", "--password-file", password)


def test_an_order_is_withdrawn_and_bad_words_get_an_answer(house: dict[str, Tenant], password: str) -> None:
    close(house["mine"])
    id_ = order("saint-elan", "suspend", password)
    assert run("cancel", id_, "--by", "ben", "--password-file", password) == f"Order {id_} is withdrawn.\n"
    for words, said in (
        (("order", "saint-elian", "suspend", "--reason", "x", "--by", "anne"), "garant tenant list"),
        (("approve", "x", "--by", "anne"), "identifier of an order"),
        (("approve", str(uuid.uuid4()), "--by", "anne"), "garant key list"),
        (("order", "operator", "destroy", "--reason", "x", "--by", "anne"), "nobody could sign in"),
        (("order", "saint-elan", "shred", "--reason", "x", "--by", "anne"), "write one of suspend"),
        (("order", "saint-elan", "destroy_data_key", "--key", "y", "--reason", "x", "--by", "anne"), "identifier of a key"),
    ):
        with pytest.raises(InputError, match=said):
            run(*words, "--password-file", password)


def test_rotation_and_backups_need_one_person(house: dict[str, Tenant], password: str, tmp_path: Path) -> None:
    mine, theirs = sealed(house["mine"]), sealed(house["theirs"])
    run("rotate", "saint-elan")
    run("rotate", "saint-elan", "--tenant-key")
    saved = Path(run("backup", str(tmp_path / "saved")).strip())
    store = vault.watch.store()
    store.path.rename(tmp_path / "away")
    assert "is in place" in run("restore", str(saved))
    assert run("replay") == "Key store: 0 changes. Database: nothing to change.\n"
    assert "epoch 2" in run("rotate", "--root")
    assert "forgotten" in run("rotate", "saint-elan", "--tenant-key", "--forget")
    assert opened(house["mine"], mine) == opened(house["theirs"], theirs)
    for wrong in ((), ("saint-elan", "--root"), ("saint-elan", "--forget"), ("--root", "--tenant-key")):
        with pytest.raises(InputError, match="--root alone"):
            run("rotate", *wrong)
    with pytest.raises(InputError, match=r"vault\.backups"):
        run("backup")
