"""Backups of the key store, and what must happen before anything restored is decrypted.

    load the store -> the log is at least as long as the backup saw it -> what the log destroyed is destroyed again -> only then in use

Without a log nothing is restored. `replay` does the same for a restored database, one organisation at a time.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction

from garant.audit import queries as audited
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.kernel.canonical import Json, moment
from garant.kernel.errors import ConfigurationError, Refused
from garant.vault.engines import backups, sealing_off
from garant.vault.engines.keystore import KeyStore
from garant.vault.models import DataKey, Ring
from garant.vault.policy.replay import KeyEvent, Replayed, event, replayed
from garant.vault.policy.states import KeyState, RingState, Whereabouts
from garant.vault.service.gate import require_log
from garant.vault.service.setting import escrow, key_log, store
from garant.vault.service.states import locked_ring

LOGGED = (
    Kind.KEY_SUSPENDED,
    Kind.KEY_RESUMED,
    Kind.KEY_DESTRUCTION_BEGUN,
    Kind.KEY_DESTRUCTION_CANCELLED,
    Kind.KEY_DESTRUCTION_DUE,
    Kind.DATA_KEY_SUSPENDED,
    Kind.DATA_KEY_RESUMED,
    Kind.DATA_KEY_DESTROYED,
)
"""Kinds of audit entries that the key log holds too."""


def save_key_store(*, directory: Path, at: datetime, actor: str) -> Path:
    """A backup of the key store in `directory`, where older ones end after fourteen days. In a transaction of scope `operator`."""
    with transaction.atomic():
        path = backups.save(store(), directory, at=at, outbox=audited.head())
        payload: dict[str, Json] = {"file": path.name, "root_epoch": backups.read_header(path).epoch}
        audit.append(Kind.KEY_STORE_SAVED, at=at, actor=actor, payload=payload)
    return path


def save_if_due(*, directory: Path, at: datetime, actor: str) -> Path | None:
    """A backup when there is none of this epoch, or none of today."""
    last = backups.newest(directory, epoch=store().root().epoch) if directory.is_dir() else None
    return save_key_store(directory=directory, at=at, actor=actor) if last is None or last.date() < at.date() else None


def restore_key_store(*, file: Path, at: datetime, actor: str, from_database: bool = False) -> dict[str, Json]:
    """Put a backup in the place of a lost key store, after what the log destroyed was destroyed in it again; what was done.

    The log is the key log, or with `from_database` the audit outbox, out of which a lost key log is written again. In a transaction of
    scope `operator`. Raises Refused (no log, a log shorter than the backup saw, too old), ConfigurationError (root, a store in place).
    """
    header = backups.read_header(file)
    keys = store()
    if keys.path.exists():
        raise ConfigurationError(f"{keys.path} is in place: a restore does not write over it; move it away first")
    seen = _log_for(header, from_database=from_database)
    made = backups.unpack(file, keys, at=at)
    done = replay_in(made, seen, at=at)
    whole = key_log().replayed()
    made.trust_log(whole.head, whole.digest_at(whole.head))
    backups.put_in_place(made, keys)
    keys.rotate_if_owed()
    outcome: dict[str, Json] = {"file": file.name, "made_at": moment(header.made_at), "log": seen.head, "replayed": done}
    with transaction.atomic():
        audit.append(Kind.KEY_STORE_RESTORED, at=at, actor=actor, payload=outcome)
    return outcome


def rebuild_log(*, at: datetime, actor: str) -> int:
    """Write a lost key log again from the audit outbox; its length. In a transaction of scope `operator`."""
    events, known = outbox_events(), store().log_seen()
    if len(events) < (known or 0):
        raise Refused(
            f"the audit outbox holds {len(events)} events of keys and the key store saw {known}: the database is older than the lost log, "
            "and what was destroyed since cannot be known; put the key log back from its copy"
        )
    log = key_log()
    number = log.rebuild(events)
    store().trust_log(number, log.replayed().digest_at(number))
    with transaction.atomic():
        audit.append(Kind.KEY_REPLAYED, at=at, actor=actor, payload={"rebuilt": number})
    return number


def replay_store(*, at: datetime) -> list[Json]:
    """Destroy again, in the key store in use, what the log destroyed; what was done."""
    keys = store()
    done = replay_in(keys, require_log(), at=at)
    keys.rotate_if_owed()
    return done


def replay(*, tenant: uuid.UUID, at: datetime, actor: str) -> bool:
    """Bring the tenant's rows to what the log says, when a restored database is behind it. False when they agree."""
    seen = require_log()
    last = seen.rings.get(tenant)
    if last is None or not Ring.objects.filter(tenant_id=tenant).exists():
        return False
    with transaction.atomic():
        ring = locked_ring(tenant)
        revived = DataKey.objects.filter(tenant_id=tenant, pk__in=seen.destroyed_keys).exclude(state=KeyState.DESTROYED)
        names = [str(pk) for pk in revived.values_list("pk", flat=True)]
        behind = ring.epoch < last.epoch or (ring.state != last.state and last.state is not RingState.ACTIVE)
        if not names and not behind:
            return False
        revived.update(state=KeyState.DESTROYED, wrapped=b"")
        if behind:
            due = datetime.fromisoformat(last.due) if last.due else None
            Ring.objects.filter(tenant_id=tenant).update(
                state=last.state,
                epoch=max(ring.epoch, last.epoch) + 1,
                was=last.was,
                due_at=at if last.state is RingState.DESTROYED else due,
                changed_at=at,
            )
        payload: dict[str, Json] = {"before": ring.state, "after": last.state.value, "log": last.number, "keys": names}
        audit.append(Kind.KEY_REPLAYED, at=at, actor=actor, tenant=tenant, payload=payload)
    return True


def replay_in(keys: KeyStore, seen: Replayed, *, at: datetime) -> list[Json]:
    """Bring a store to what the log says: destroyed is destroyed, pending is sealed off. What only people can mend is named."""
    done: list[Json] = []
    for tenant, last in sorted(seen.rings.items(), key=lambda each: each[1].number):
        place = sealing_off.whereabouts(keys, tenant)
        if last.state is RingState.DESTROYED and place is not Whereabouts.NOWHERE:
            sealing_off.destroy(keys, tenant, moment(at))
            done.append({"tenant": str(tenant), "did": "destroyed again"})
        elif last.state is RingState.PENDING and place is Whereabouts.STORE:
            sealing_off.seal_off(keys, tenant, escrow())
            done.append({"tenant": str(tenant), "did": "sealed off again"})
        elif last.state in (RingState.ACTIVE, RingState.SUSPENDED) and place is Whereabouts.SEALED_OFF:
            done.append(
                {"tenant": str(tenant), "did": "nothing: a destruction was cancelled after this copy; bring the keys back with shares"}
            )
    return done


def outbox_events() -> Sequence[KeyEvent]:
    """The events of the key log as the audit outbox holds them."""
    found: list[KeyEvent] = []
    for entry in audited.of_kinds([kind.value for kind in LOGGED]):
        said = entry.payload
        if "epoch" not in said:
            continue  # of a version that had no key log
        key = said["key"] if entry.kind == Kind.DATA_KEY_DESTROYED else ""
        content = {"n": len(found) + 1, "at": moment(entry.at), "kind": entry.kind, "tenant": str(entry.tenant), **said, "key": key}
        found.append(event(content))
    return found


def _log_for(header: backups.Header, *, from_database: bool) -> Replayed:
    log = key_log()
    if from_database:
        if audited.head() < header.outbox:
            raise Refused(
                f"the audit outbox has {audited.head()} entries and this backup saw {header.outbox}: the database is older than the "
                "backup, and what was destroyed since cannot be known; bring the key log"
            )
        if not log.path.exists():
            log.rebuild(outbox_events())
        return replayed((*log.events(), *outbox_events()))
    seen = log.replayed()
    if not log.path.exists() or seen.head < header.log:
        raise Refused(
            f"{log.path} is missing or has {seen.head} events, and this backup saw {header.log}: put the key log back from its copy, or "
            "restore with --from-database; nothing is restored without a log"
        )
    return seen
