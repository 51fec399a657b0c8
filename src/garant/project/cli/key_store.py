"""The commands of `garant key` that need one person only: rotation, backups of the key store, and what follows a restore."""

import json
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer

from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import InputError
from garant.vault import service as vault
from garant.vault.service.setting import backups, key_log

Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
ACTOR = "system:command"


def rotate(
    slug: Annotated[str | None, typer.Argument(help="Organisation; not with --root.")] = None,
    data_class: Annotated[str, typer.Option("--class", help="Class of the data key.")] = "default",
    tenant_key: Annotated[bool, typer.Option("--tenant-key", help="The key that wraps its data keys, instead of a data key.")] = False,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="With --tenant-key: forget the former one. Older database backups of it then open nothing."),
    ] = False,
    root: Annotated[
        bool, typer.Option("--root", help="A new epoch of the root. Older backups of the key store then open nothing.")
    ] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Rotate a data key, an organisation's key, or the root, while everything runs. Needs one person: nothing becomes unreadable.

    Exit codes: 0 rotated; 2 refused, with what to write instead.
    """
    at = SystemClock().now()
    if root is (slug is not None) or (root and tenant_key) or (forget and not tenant_key):
        raise InputError("write an organisation, or --root alone; --forget goes with --tenant-key")
    if root:
        with tenant_transaction(None, scope="operator"):
            epoch = vault.rotate_root(at=at, actor=ACTOR)
        print(f"The root is at epoch {epoch}; the former epoch is destroyed, and backups of the key store made under it open nothing.")
        _save_anew()
        return
    tenant = tenant_named(str(slug))
    if not tenant_key:
        with tenant_transaction(tenant):
            vault.rotate(tenant=tenant, at=at, actor=ACTOR, data_class=data_class)
        print(f"What {slug} seals in class {data_class} from now on is under a new key; what was sealed before still opens.")
        return
    with tenant_transaction(tenant):
        version = vault.rotate_tenant_key(tenant=tenant, at=at, actor=ACTOR, forget=forget)
    with tenant_transaction(tenant):
        vault.finish_forgetting(tenant=tenant)
    print(f"The data keys of {slug} are wrapped under version {version} of its key{'; the former ones are forgotten' if forget else ''}.")
    if forget:
        _save_anew()


def backup(
    directory: Annotated[Path | None, typer.Argument(help="Where to; by default vault.backups of garant.toml.")] = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Write a backup of the key store, encrypted under the present epoch of the root; those older than fourteen days are deleted.

    It does not hold what protects the root: with a file root, keep <data>/keys/root/ apart, offline (docs/vault.md).

    Exit codes: 0 written; 2 refused, with what to write instead.
    """
    place = directory or backups()
    if place is None:
        raise InputError("write a directory, or set vault.backups in garant.toml: then the worker makes one every day")
    with tenant_transaction(None, scope="operator"):
        print(vault.save_key_store(directory=place.absolute(), at=SystemClock().now(), actor=ACTOR))


def restore(
    file: Annotated[Path, typer.Argument(help="A backup of the key store.")],
    from_database: Annotated[
        bool, typer.Option("--from-database", help="The key log is lost: take the audit outbox of this database as the log.")
    ] = False,
    json_: Json = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Put a backup in the place of a lost key store, destroy in it again what was destroyed since, and only then use it.

    Without a log that is at least as long as the backup saw it, nothing is restored.

    Exit codes: 0 restored; 2 refused, with what to do.
    """
    at = SystemClock().now()
    with tenant_transaction(None, scope="operator"):
        done = vault.restore_key_store(file=file, at=at, actor=ACTOR, from_database=from_database)
    if json_:
        print(json.dumps(done))
        return
    print(f"The key store of {done['made_at']} is in place, compared with {done['log']} events of the key log.")
    for each in done["replayed"]:  # type: ignore[union-attr]
        print(f"    {each['tenant']}: {each['did']}")  # type: ignore[index,call-overload]


def replay(
    from_database: Annotated[
        bool, typer.Option("--from-database", help="The key log is lost: write it again from the audit outbox first.")
    ] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """After a restored database or key store: bring both to what the key log says. What was destroyed is destroyed again.

    Exit codes: 0 they agree now; 2 refused, with what to do.
    """
    at = SystemClock().now()
    if from_database:
        with tenant_transaction(None, scope="operator"):
            print(f"{key_log().path}: {vault.rebuild_log(at=at, actor=ACTOR)} events written again.")
    done = vault.replay_store(at=at)
    with tenant_transaction(None, scope="operator"):
        tenants = identity.tenants(canaries=True)
    changed = []
    for tenant in tenants:
        with tenant_transaction(tenant.id):
            if vault.replay(tenant=tenant.id, at=at, actor=ACTOR):
                changed.append(tenant.slug)
    print(f"Key store: {len(done)} changes. Database: {', '.join(changed) or 'nothing to change'}.")


def tenant_named(slug: str) -> uuid.UUID:
    """The organisation of this short name, canaries among them. Raises InputError."""
    with tenant_transaction(None, scope="operator"):
        found = {tenant.slug: tenant.id for tenant in identity.tenants(canaries=True)}
    if slug not in found:
        raise InputError(f"there is no organisation {slug!r}; `garant tenant list` shows them")
    return found[slug]


def _save_anew() -> None:
    place = backups()
    if place is None:
        print("Make a new one: garant key backup DIR", file=sys.stderr)
        return
    with tenant_transaction(None, scope="operator"):
        print(f"A new backup: {vault.save_key_store(directory=place, at=SystemClock().now(), actor=ACTOR)}")
