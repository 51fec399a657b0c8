"""The demonstration data: whole at the first start, untouched at the second, and no password lost between."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from garant.access import queries as access
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.project import demo
from garant.project.cli.settle import write_accounts
from garant.vault import service as vault
from support.database import Database

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_towns_and_the_operator_are_made_once() -> None:
    vault.make_root()
    first = demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW, note=lambda some: None)
    again = demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW, note=lambda some: None)
    assert {account.host for account in first} == {"garant.localhost", "saint-elan.garant.localhost", "trois-rapides.garant.localhost"}
    assert len({account.password for account in first}) == len(first)
    assert again == []
    with tenant_transaction(None, scope="operator"):
        towns = {tenant.slug: tenant.id for tenant in identity.tenants()}
    with tenant_transaction(towns["saint-elan"]):
        assert {rule.network for rule in access.address_rules()} == {"127.0.0.1/32", "::1/128"}
        assert {person.login for person in access.people()} == {"rosalie", "juliane", "omer"}
    with tenant_transaction(towns["trois-rapides"]):
        assert {person.login for person in access.people()} == {"thais", "noe"}


def test_a_password_is_on_disk_before_it_opens_anything(tmp_path: Path, database: Database) -> None:
    """A crash at any moment loses no password: it is noted inside the transaction that makes it count."""
    vault.make_root()
    place = tmp_path / "accounts.txt"
    seen = []

    def note(some: Sequence[demo.Account]) -> None:
        write_accounts(place, some)
        written = place.read_text(encoding="utf-8")
        with database.connect("postgres") as beside:
            counting = {login for (login,) in beside.execute("select login from identity_user").fetchall()}
        for account in some:
            assert account.password in written
            assert account.login not in counting
            seen.append(account.login)

    made = demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW, note=note)
    assert sorted(seen) == sorted(account.login for account in made)
    assert place.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_noted_does_not_exist(database: Database) -> None:
    vault.make_root()

    def note(some: Sequence[demo.Account]) -> None:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW, note=note)
    with database.connect("postgres") as beside:
        assert beside.execute("select count(*) from identity_user").fetchone() == (0,)
    assert demo.load(operator="Logiciels Amélanche", base="garant.localhost", at=NOW, note=lambda some: None)
