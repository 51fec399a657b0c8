"""The key store: a small file beside the database, never in it, so that a database backup opens nothing.

<data>/keys/store.sqlite   epoch(epoch, protector, kcv, wrapped), kek(tenant, version, epoch, kcv, wrapped), …
<data>/keys/root/          what the file root holds, if it is the protector (see `roots`)

    protector -> epoch key -> tenants' keys

SQLite, because a change of the root re-wraps every tenant's key in one transaction: whoever reads sees all before or all after, and a
process killed in the middle leaves the former state. What is deleted is overwritten in the file (`secure_delete`).

Who may read and write: the processes that seal and open (web, decision, worker). Started by root, they run as the system user `garant`.
"""

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from garant.kernel.errors import ConfigurationError
from garant.vault import policy
from garant.vault.engines import files
from garant.vault.engines.earlier import read_earlier, remove_earlier
from garant.vault.engines.roots import FileRoot, RootProtector

SCHEMA = """
create table if not exists fact(name text primary key, value text not null) without rowid;
create table if not exists epoch(epoch integer primary key, protector text not null, kcv blob not null, wrapped blob not null);
create table if not exists retired(epoch integer primary key);
create table if not exists kek(tenant text, version integer, epoch integer not null, kcv blob not null, wrapped blob not null,
  primary key(tenant, version)) without rowid;
create table if not exists sealed_off(tenant text, version integer, form text not null, epoch integer, kcv blob not null,
  content blob not null, primary key(tenant, version)) without rowid;
create table if not exists share(tenant text, number integer, recipient text not null, sealed blob not null, threshold integer not null,
  kcv blob not null, primary key(tenant, number)) without rowid;
create table if not exists tombstone(tenant text primary key, at text not null) without rowid;
"""
LOCKED = 20
"""Seconds to wait for another process that writes."""
TRIES = 3
"""Times that a key is looked up again when its epoch was destroyed in between."""


@dataclass(frozen=True)
class Root:
    """The epoch key under which tenants' keys are wrapped. `epoch`: its number, from 1."""

    region: str
    epoch: int
    key: bytes


class KeyStore:
    """Reads and makes the keys of one store. Nothing is cached here."""

    def __init__(self, directory: Path, *, protector: RootProtector | None = None, group: str = files.GROUP) -> None:
        self.directory = directory
        self.path = directory / "store.sqlite"
        self.protector = protector or FileRoot(directory / "root", group=group)
        self.group = group

    def make_root(self, region: str = "local") -> bool:
        """Make the store and its first epoch; False when they exist: then what an interrupted rotation left is finished.

        Raises ConfigurationError if the store exists but not what protects it.
        """
        making = self.directory / "making"
        if self.path.exists():
            making.unlink(missing_ok=True)
            with self.writing() as store:
                for statement in SCHEMA.split(";"):
                    store.execute(statement)
            self.finish_rotation()
            self.root()
            return False
        if not making.exists() and (self.directory / "root").is_dir() and any((self.directory / "root").glob("*.key")):
            raise ConfigurationError(
                f"{self.path} is missing but its root exists: put the key store back (`garant key restore`); "
                "a new one would make every sealed value unreadable"
            )
        earlier = read_earlier(self.directory)
        files.make_directory(self.directory, self.group)
        files.write(making, b"", self.group)
        first = earlier.epoch + 1 if earlier else 1
        self.protector.rotate_epoch(first)
        key = os.urandom(policy.KEY_BYTES)
        root = Root(earlier.region if earlier else region, first, key)
        self._create(root, earlier.keys if earlier else {})
        remove_earlier(self.directory)
        making.unlink()
        return earlier is None

    def root(self) -> Root:
        """The present epoch. Raises ConfigurationError when the store or its protector is absent, unreadable or damaged."""
        with self.reading() as store:
            return self.root_of(store)

    def make_tenant_key(self, tenant: uuid.UUID) -> bytes:
        """The tenant's newest key-encryption key, made when there is none."""
        with self.writing() as store:
            if store.execute("select 1 from kek where tenant = ?", [str(tenant)]).fetchone() is None:
                for table, said in (("tombstone", "were destroyed: they are never made again"), ("sealed_off", "are sealed off")):
                    if store.execute(f"select 1 from {table} where tenant = ?", [str(tenant)]).fetchone() is not None:  # noqa: S608
                        raise ConfigurationError(f"the keys of tenant {tenant} {said}")
                add_kek(store, self.root_of(store), tenant, 1, os.urandom(policy.KEY_BYTES))
        return self.tenant_key(tenant)

    def tenant_key(self, tenant: uuid.UUID, version: int | None = None) -> bytes:
        """A version of the tenant's key-encryption key, by default the newest. Raises ConfigurationError when it is absent or damaged."""
        for attempt in range(TRIES):
            try:
                with self.reading() as store:
                    found = store.execute(
                        "select version, kcv, wrapped from kek where tenant = ? and version = coalesce(?, version)"
                        " order by version desc limit 1",
                        [str(tenant), version],
                    ).fetchone()
                    if found is None:
                        raise ConfigurationError(
                            f"{self.path} does not hold the key of tenant {tenant}; "
                            "put the key store back; without it what this tenant sealed stays unreadable"
                        )
                    return opened(self.root_of(store), tenant, *found)
            except ConfigurationError:
                # Between reading the row and asking the protector, a rotation may have ended this epoch.
                if attempt + 1 == TRIES:
                    raise
        raise AssertionError

    def add_version(self, tenant: uuid.UUID, version: int) -> bytes:
        """The tenant's key of this version, made when there is none: a rotation that was interrupted takes it up."""
        with self.writing() as store:
            if store.execute("select 1 from kek where tenant = ? and version = ?", [str(tenant), version]).fetchone() is None:
                if store.execute("select 1 from kek where tenant = ?", [str(tenant)]).fetchone() is None:
                    raise ConfigurationError(f"{self.path} does not hold the key of tenant {tenant}: it cannot be rotated")
                add_kek(store, self.root_of(store), tenant, version, os.urandom(policy.KEY_BYTES))
        return self.tenant_key(tenant, version)

    def owe_drop(self, tenant: uuid.UUID, below: int) -> None:
        """Remember that the tenant's older keys are to be forgotten once the database holds nothing under them."""
        with self.writing() as store:
            store.execute("insert or replace into fact values (?, ?)", [f"drop:{tenant}", str(below)])

    def finish_drop(self, tenant: uuid.UUID, present: int) -> bool:
        """Forget older keys if that was asked for and the version in use says that it was committed. The root must be rotated next."""
        with self.writing() as store:
            owed = store.execute("select value from fact where name = ?", [f"drop:{tenant}"]).fetchone()
            if owed is None or int(owed[0]) > present:
                return False
            store.execute("delete from kek where tenant = ? and version < ?", [str(tenant), int(owed[0])])
            store.execute("delete from fact where name = ?", [f"drop:{tenant}"])
            store.execute("insert or replace into fact values ('rotation_owed', '1')")
        return True

    def materials(self) -> Mapping[str, bytes]:
        """Every key by its name, in clear and wrapped: what may stand nowhere else. For `policy.stray` alone."""
        with self.reading() as store:
            root = self.root_of(store)
            found = {f"root epoch {root.epoch}": root.key}
            for tenant, version, kcv, wrapped in store.execute("select tenant, version, kcv, wrapped from kek"):
                found[f"tenant key {tenant}/{version}"] = opened(root, uuid.UUID(tenant), version, kcv, wrapped)
                found[f"wrapped tenant key {tenant}/{version}"] = wrapped
            return found

    def rotate_root(self, *, to: RootProtector | None = None) -> int:
        """Begin a new epoch: every tenant's key is wrapped under it, and the former epoch is destroyed. Returns its number.

        `to`: who protects the new epoch, when it is no longer this store's protector. One transaction changes all; killed before it,
        nothing changed; killed after it, the next call or start destroys the former epoch (after a move, `finish_move` of the former
        protector does).
        """
        self.finish_rotation()
        with self.writing() as store:
            before = self.root_of(store)
            after = Root(before.region, before.epoch + 1, os.urandom(policy.KEY_BYTES))
            (to or self.protector).rotate_epoch(after.epoch)
            for table, column in (("kek", "wrapped"), ("sealed_off", "content")):
                _rewrap(store, table, column, before, after)
            self._add_epoch(store, after, to or self.protector)
            store.execute("delete from epoch where epoch < ?", [after.epoch])
            if to is None:
                store.execute("insert into retired(epoch) values (?)", [before.epoch])
            else:
                store.execute("insert into fact values (?, ?)", [f"left:{before.epoch}", self.protector.name])
            store.execute("delete from fact where name = 'rotation_owed'")
        if to is None:
            self.finish_rotation()
        else:
            self.finish_move()
        return after.epoch

    def left_behind(self) -> Mapping[int, str]:
        """Epochs of former protectors that are not destroyed yet, with the protector's name."""
        with self.reading() as store:
            return {int(name[5:]): value for name, value in store.execute("select name, value from fact where name like 'left:%'")}

    def finish_move(self) -> bool:
        """Destroy the epochs that a move away from this store's protector left behind; whether there were any."""
        ours = [epoch for epoch, name in self.left_behind().items() if name == self.protector.name]
        for epoch in ours:
            self.protector.destroy(epoch)
            with self.writing() as store:
                store.execute("delete from fact where name = ?", [f"left:{epoch}"])
        return bool(ours)

    def rotate_if_owed(self) -> bool:
        """Rotate the root when an act asked for it (see `sealing_off`), also one that a killed process did."""
        with self.reading() as store:
            owed = store.execute("select 1 from fact where name = 'rotation_owed'").fetchone() is not None
        if owed:
            self.rotate_root()
        return owed

    def tenants(self) -> Sequence[uuid.UUID]:
        """Every organisation whose keys this store holds, holds sealed off, or saw destroyed."""
        with self.reading() as store:
            rows = store.execute("select tenant from kek union select tenant from sealed_off union select tenant from tombstone order by 1")
            return [uuid.UUID(tenant) for (tenant,) in rows]

    def log_seen(self) -> int | None:
        """How many events of the key log this store knows to exist; None while there is no log yet."""
        with self.reading() as store:
            found = store.execute("select value from fact where name = 'log_seen'").fetchone()
        return int(found[0]) if found else None

    def log_last(self) -> tuple[int, str] | None:
        """Number and digest of a line of the key log that this store saw as the last one; None of an earlier version."""
        with self.reading() as store:
            found = store.execute("select value from fact where name = 'log_last'").fetchone()
        number, _, last = found[0].partition(" ") if found else ("", "", "")
        return (int(number), last) if found else None

    def saw_log(self, head: int, last: str = "") -> None:
        """Remember that the key log has this many events, `last` the digest of the last line: a shorter or another one is refused."""
        with self.writing() as store:
            known = store.execute("select value from fact where name = 'log_last'").fetchone()
            if last and (known is None or int(known[0].partition(" ")[0]) <= head):
                store.execute("insert or replace into fact values ('log_last', ?)", [f"{head} {last}"])
            store.execute(
                "insert into fact values ('log_seen', ?) on conflict (name) do update set value ="
                " cast(max(cast(value as integer), cast(excluded.value as integer)) as text)",
                [str(head)],
            )

    def trust_log(self, head: int, last: str) -> None:
        """Remember this length and last line instead of others: after the log was rebuilt from another copy of its events."""
        with self.writing() as store:
            store.execute("insert or replace into fact values ('log_last', ?)", [f"{head} {last}"])
            store.execute("insert or replace into fact values ('log_seen', ?)", [str(head)])

    def finish_rotation(self) -> None:
        """Destroy the epochs that nothing is wrapped under any more."""
        with self.reading() as store:
            retired = [epoch for (epoch,) in store.execute("select epoch from retired")]
        for epoch in retired:
            self.protector.destroy(epoch)
            with self.writing() as store:
                store.execute("delete from retired where epoch = ?", [epoch])

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view. Raises ConfigurationError when there is no store, or it is damaged."""
        with self._open("begin") as store:
            yield store

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone: all of it is on the disk at its end, or nothing of it."""
        with self._open("begin immediate") as store:
            yield store

    def root_of(self, store: sqlite3.Connection) -> Root:
        """The present epoch, within a transaction of the store."""
        region = store.execute("select value from fact where name = 'region'").fetchone()
        row = store.execute("select epoch, protector, kcv, wrapped from epoch order by epoch desc limit 1").fetchone()
        if region is None or row is None:
            raise ConfigurationError(f"{self.path} is damaged; put it back from a backup (`garant key restore`)")
        epoch, protector, kcv, wrapped = row
        if protector != self.protector.name:
            raise ConfigurationError(
                f"{self.path} is protected by the root {protector!r}, and garant.toml names {self.protector.name!r}; "
                f"name {protector!r} again, or move the root (`garant key move`)"
            )
        try:
            key = self.protector.unwrap(epoch, wrapped, epoch_label(region[0], epoch))
            policy.require_key(key, kcv, "the root key")
        except policy.SealError as error:
            raise ConfigurationError(f"{self.path} was made under another root key than the present one; put the right one back") from error
        return Root(region[0], epoch, key)

    def _create(self, root: Root, keys: Mapping[uuid.UUID, tuple[int, bytes]]) -> None:
        """The store appears whole, under its name, at the end."""
        making = self.path.with_suffix(".new")
        making.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(making, isolation_level=None)) as store:
            store.executescript(SCHEMA)
            store.execute("begin")
            store.execute("insert into fact values ('region', ?), ('id', ?)", [root.region, str(uuid.uuid4())])
            self._add_epoch(store, root, self.protector)
            for tenant, (version, key) in keys.items():
                add_kek(store, root, tenant, version, key)
            store.execute("commit")
        files.share(making, self.group)
        os.replace(making, self.path)
        files.flush_directory(self.directory)

    def _add_epoch(self, store: sqlite3.Connection, root: Root, protector: RootProtector) -> None:
        wrapped = protector.wrap(root.epoch, root.key, epoch_label(root.region, root.epoch))
        store.execute("insert into epoch values (?, ?, ?, ?)", [root.epoch, protector.name, policy.check_value(root.key), wrapped])

    @contextlib.contextmanager
    def _open(self, begin: str) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            raise ConfigurationError(f"{self.path} does not exist; run `garant init` to make the key store, or put it back from a backup")
        if self.path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{self.path} can be read by everyone on this machine; run: chmod o-rwx {self.path}")
        try:
            store = sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, isolation_level=None, timeout=LOCKED)
            with contextlib.closing(store):
                store.execute("pragma secure_delete = on")
                store.execute("pragma synchronous = extra")
                store.execute(begin)
                try:
                    yield store
                except BaseException:
                    store.execute("rollback")
                    raise
                store.execute("commit")
        except sqlite3.OperationalError as error:
            raise ConfigurationError(
                f"{self.path} cannot be used by this process ({error}); only web, decision and worker open sealed values"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"{self.path} is damaged; put it back from a backup (`garant key restore`)") from error


def _rewrap(store: sqlite3.Connection, table: str, column: str, before: Root, after: Root) -> None:
    """Everything of one table under the new epoch; what is under no epoch (in escrow) stays as it is."""
    found = store.execute(f"select tenant, version, kcv, {column} from {table} where epoch > 0").fetchall()  # noqa: S608 - fixed names
    done = []
    for name, version, kcv, old in found:
        tenant = uuid.UUID(name)
        done.append((after.epoch, wrapped_kek(after, tenant, version, opened(before, tenant, version, kcv, old)), name, version))
    store.executemany(f"update {table} set epoch = ?, {column} = ? where tenant = ? and version = ?", done)  # noqa: S608


def _label(root: Root, tenant: uuid.UUID, version: int) -> str:
    return f"garant/kek/{root.region}/{root.epoch}/{tenant}/{version}"


def epoch_label(region: str, epoch: int) -> str:
    """What a wrapped epoch key is bound to."""
    return f"garant/epoch/{region}/{epoch}"


def add_kek(store: sqlite3.Connection, root: Root, tenant: uuid.UUID, version: int, key: bytes) -> None:
    """Put a tenant's key into the store, within a transaction of it."""
    row = [str(tenant), version, root.epoch, policy.check_value(key), wrapped_kek(root, tenant, version, key)]
    store.execute("insert into kek values (?, ?, ?, ?, ?)", row)


def wrapped_kek(root: Root, tenant: uuid.UUID, version: int, key: bytes) -> bytes:
    """A tenant's key under the present epoch."""
    return policy.wrap(root.key, os.urandom(policy.NONCE_BYTES), _label(root, tenant, version), key)


def opened(root: Root, tenant: uuid.UUID, version: int, kcv: bytes, wrapped: bytes) -> bytes:
    """A tenant's key, checked. Raises ConfigurationError when it is damaged or is another's."""
    try:
        key = policy.unwrap(root.key, _label(root, tenant, version), wrapped)
        policy.require_key(key, kcv, f"the key of tenant {tenant}")
    except policy.SealError as error:
        raise ConfigurationError(
            f"the key store is damaged at tenant {tenant}; put it back from a backup (`garant key restore`)"
        ) from error
    return key
