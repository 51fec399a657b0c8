"""Taking an organisation's keys out of use and bringing them back; destroying them. Every act may be done again: twice is once.

*Escrow*: its keys are wrapped under a fresh key, of which only shares exist, each sealed to one person (see `escrow`). *Set aside*, when
no people are named: its keys stay wrapped under the root, apart; they rest on procedure.
"""

import os
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from garant.kernel.errors import ConfigurationError, InputError
from garant.vault import policy
from garant.vault.engines import escrow as people
from garant.vault.engines.escrow import Escrow, SealedShare
from garant.vault.engines.keystore import KeyStore, add_kek, opened, wrapped_kek
from garant.vault.policy.states import Whereabouts

ESCROW, ASIDE = "escrow", "aside"


@dataclass(frozen=True)
class SealedOff:
    """How keys are sealed off. `form`: `escrow` or `aside`."""

    form: str
    shares: tuple[SealedShare, ...] = ()
    threshold: int = 0


def whereabouts(store: KeyStore, tenant: uuid.UUID) -> Whereabouts:
    """Where this organisation's keys are."""
    with store.reading() as inside:
        for table, place in (("kek", Whereabouts.STORE), ("sealed_off", Whereabouts.SEALED_OFF)):
            if inside.execute(f"select 1 from {table} where tenant = ?", [str(tenant)]).fetchone():  # noqa: S608 - two fixed names
                return place
    return Whereabouts.NOWHERE


def seal_off(store: KeyStore, tenant: uuid.UUID, escrow: Escrow) -> SealedOff | None:
    """Take the keys out of use. With people named, the root must be rotated next: older copies of the store still open them.

    None when the store does not hold the keys, or not any more.
    """
    with store.writing() as inside:
        rows = inside.execute("select version, kcv, wrapped from kek where tenant = ?", [str(tenant)]).fetchall()
        if not rows:
            return held(inside, tenant)
        root = store.root_of(inside)
        keys = {version: opened(root, tenant, version, kcv, wrapped) for version, kcv, wrapped in rows}
        inside.execute("delete from share where tenant = ?", [str(tenant)])
        inside.execute("delete from sealed_off where tenant = ?", [str(tenant)])
        if escrow.recipients:
            key = os.urandom(policy.KEY_BYTES)
            shares = people.seal_shares(key, escrow, tenant)
            inside.executemany(
                "insert into share values (?, ?, ?, ?, ?, ?)",
                [(str(tenant), *row, escrow.threshold, policy.check_value(key)) for row in people.as_rows(shares)],
            )
            for version, kek in keys.items():
                content = policy.wrap(key, os.urandom(policy.NONCE_BYTES), _label(tenant, version), kek)
                _set_off(inside, tenant, version, ESCROW, 0, policy.check_value(kek), content)
            owe_rotation(inside)
        else:
            for version, kek in keys.items():
                content = wrapped_kek(root, tenant, version, kek)
                _set_off(inside, tenant, version, ASIDE, root.epoch, policy.check_value(kek), content)
        inside.execute("delete from kek where tenant = ?", [str(tenant)])
        return held(inside, tenant)


def sealed_off(store: KeyStore, tenant: uuid.UUID) -> SealedOff | None:
    """How the keys are sealed off; None when they are not."""
    with store.reading() as inside:
        return held(inside, tenant)


def held(inside: sqlite3.Connection, tenant: uuid.UUID) -> SealedOff | None:
    """The same, within a transaction of the store."""
    form = inside.execute("select form from sealed_off where tenant = ?", [str(tenant)]).fetchone()
    if form is None:
        return None
    rows = inside.execute(
        "select number, recipient, sealed, threshold from share where tenant = ? order by number", [str(tenant)]
    ).fetchall()
    return SealedOff(form[0], tuple(SealedShare(*row[:3]) for row in rows), rows[0][3] if rows else 0)


def bring_back(store: KeyStore, tenant: uuid.UUID, shares: Sequence[str] = ()) -> None:
    """Put sealed-off keys in use again. Raises InputError when the shares do not suffice, ConfigurationError when nothing is sealed off."""
    with store.writing() as inside:
        if inside.execute("select 1 from kek where tenant = ?", [str(tenant)]).fetchone():
            return
        rows = inside.execute("select version, form, kcv, content from sealed_off where tenant = ?", [str(tenant)]).fetchall()
        if not rows:
            raise ConfigurationError(f"the key store does not hold sealed-off keys of tenant {tenant}: nothing brings them back")
        root = store.root_of(inside)
        under = _escrow_key(inside, tenant, shares) if rows[0][1] == ESCROW else None
        for version, _, kcv, content in rows:
            if under is None:
                kek = opened(root, tenant, version, kcv, content)
            else:
                kek = policy.unwrap(under, _label(tenant, version), content)
                policy.require_key(kek, kcv, f"the key of tenant {tenant}")
            add_kek(inside, root, tenant, version, kek)
        inside.execute("delete from sealed_off where tenant = ?", [str(tenant)])
        inside.execute("delete from share where tenant = ?", [str(tenant)])


def destroy(store: KeyStore, tenant: uuid.UUID, at: str) -> None:
    """Delete every copy of the organisation's keys and leave a tombstone; the root must be rotated next (`KeyStore.rotate_if_owed`)."""
    with store.writing() as inside:
        gone = sum(
            inside.execute(f"delete from {table} where tenant = ?", [str(tenant)]).rowcount  # noqa: S608 - three fixed names
            for table in ("kek", "sealed_off", "share")
        )
        made = inside.execute("insert or ignore into tombstone values (?, ?)", [str(tenant), at]).rowcount
        if gone or made:
            owe_rotation(inside)


def owe_rotation(inside: sqlite3.Connection) -> None:
    """Copies of the store made until now must open nothing: recorded with the act, paid by the next rotation of the root."""
    inside.execute("insert or replace into fact values ('rotation_owed', '1')")


def _escrow_key(inside: sqlite3.Connection, tenant: uuid.UUID, shares: Sequence[str]) -> bytes:
    threshold, kcv = inside.execute("select threshold, kcv from share where tenant = ?", [str(tenant)]).fetchone()
    if len(set(shares)) < threshold:
        raise InputError(f"{len(set(shares))} shares were given and {threshold} are needed; each holder runs `garant key share`")
    key = people.joined(shares)
    try:
        policy.require_key(key, kcv, "what these shares give")
    except policy.SealError as error:
        raise InputError("these shares are not those of this organisation's last destruction order") from error
    return key


def _set_off(inside: sqlite3.Connection, tenant: uuid.UUID, version: int, form: str, epoch: int, kcv: bytes, content: bytes) -> None:
    inside.execute("insert into sealed_off values (?, ?, ?, ?, ?, ?)", [str(tenant), version, form, epoch, kcv, content])


def _label(tenant: uuid.UUID, version: int) -> str:
    return f"garant/escrow/{tenant}/{version}"
