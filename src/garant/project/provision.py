"""From an empty directory to a deployment that can start: directories, secrets, database roles, tables. Safe to run again at any time.

| role           | owns    | may                                                              |
|----------------|---------|------------------------------------------------------------------|
| garant_owner   | tables  | migrate; its password is used by the migrating process only      |
| garant_web     | nothing | what row policies allow in the tenant of the transaction         |
| garant_worker  | nothing | the same; some policies let it read across tenants               |
| garant_edge    | nothing | tables under row policies that name it, and none without policies |

Those of the example application's database are in `application_database.py`.

With the operator's own server (`GARANT_DATABASE_URL`), a user name and password inside the URL stand for an administrator that may
create roles and databases, and are given to no other process; without them the roles must exist with the passwords in `<data>/secrets`.
"""

import base64
import contextlib
import hashlib
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import django
import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from garant.drivers.process import APPLICATION_USER, MIGRATING_USER, PLAIN_ENVIRONMENT, cause, service_user
from garant.kernel.canonical import canonical
from garant.kernel.errors import ConfigurationError, EngineError
from garant.project import application_database, observers
from garant.project.configuration import Application
from garant.project.runtime import Runtime

ROLES = ("owner", "web", "worker", "edge")
SHARED_SECRETS = ("django", "database-web", "database-worker", "database-edge", "database-data")
"""Read by processes that run as the service user; the others (superuser, owners) by root only."""
APPLICATION_SECRET = "database-sondage"
"""Read by the example application only."""
PRIVATE_SECRETS = ("database-owner", "database-superuser", "database-sondage-owner")
SERVICE_DIRECTORIES = {"run": 0o2770, "logs": 0o2750, "keys": 0o700, "key-log": 0o700, "assertion": 0o2755, "tls": 0o2750, "static": 0o755}
SOURCES = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Administrator:
    """How to reach the database server with the right to create roles. `host`: name, or directory of the Unix socket."""

    host: str
    port: int
    user: str
    password: str
    maintenance: str = "postgres"

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection in autocommit mode. Raises EngineError when the server cannot be reached."""
        try:
            return psycopg.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password,
                dbname=database,
                autocommit=True,
                connect_timeout=10,
            )
        except psycopg.OperationalError as error:
            raise EngineError(f"PostgreSQL at {self.host} port {self.port} refuses {self.user}: {_first_line(error)}") from error


def prepare(data: Path, application: Application | None = None) -> Runtime:
    """Directories and secrets of a data directory, with their owners and modes. Raises ConfigurationError when it cannot be written."""
    runtime = Runtime(data)
    user = service_user()
    try:
        data.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name, mode in SERVICE_DIRECTORIES.items():
            directory = data / name
            directory.mkdir(exist_ok=True)
            if user:
                os.chown(directory, user.pw_uid, user.pw_gid)
            directory.chmod(mode)
        _application_files(runtime, service=user)
        _keyring_files(runtime, application or Application(), service=user)
        for name in SHARED_SECRETS:
            runtime.make_secret(name, group=user.pw_gid if user else None)
        for name in PRIVATE_SECRETS:
            runtime.make_secret(name)
        _empty(data / "demo-accounts.txt", user)
        _assertion_keys(data / "assertion", group=user.pw_gid if user else None)
    except PermissionError as error:
        raise ConfigurationError(
            f"{error.filename} cannot be written: run as the user that made {data}, or choose another with --data"
        ) from error
    return runtime


def _application_files(runtime: Runtime, *, service: pwd.struct_passwd | None) -> None:
    """What belongs to the example application: its files, its socket's directory (the service group may connect), its password."""
    user = service_user(APPLICATION_USER)
    home, door = runtime.data / "sondage", runtime.application_socket.parent
    home.mkdir(mode=0o700, exist_ok=True)
    scratch = runtime.data / "migrate"
    scratch.mkdir(mode=0o700, exist_ok=True)
    if migrating := service_user(MIGRATING_USER):
        os.chown(scratch, migrating.pw_uid, migrating.pw_gid)
    door.mkdir(mode=0o750, exist_ok=True)
    runtime.make_secret(APPLICATION_SECRET, group=user.pw_gid if user else None)
    if user and service:
        if home.lstat().st_uid != user.pw_uid:  # made by an earlier version; once it is the application's, nothing in it is touched by root
            for each in [*home.rglob("*"), home]:
                os.chown(each, user.pw_uid, user.pw_gid, follow_symlinks=False)
        os.chown(door, user.pw_uid, service.pw_gid)
        os.chown(runtime.data / "secrets" / APPLICATION_SECRET, -1, user.pw_gid)
    home.chmod(0o700)
    door.chmod(0o2750)


def _keyring_files(runtime: Runtime, application: Application, *, service: pwd.struct_passwd | None) -> None:
    """What the protected application needs to seal its data: the way to the keyring, its token, the key that signs its contexts."""
    group = _application_group(application) if service else None
    checker = service.pw_gid if service else None
    door = runtime.keyring_socket.parent
    door.mkdir(mode=0o750, exist_ok=True)
    if service:
        os.chown(door, service.pw_uid, service.pw_gid if group is None else group)
    door.chmod(0o2750)
    runtime.make_token(f"keyring-{application.name}", holder=group, checker=checker)
    runtime.make_secret(f"context-{application.name}", group=group)
    if group is not None:  # another user than at the last start
        for name in (f"keyring-{application.name}", f"context-{application.name}"):
            os.chown(runtime.data / "secrets" / name, -1, group)


def _application_group(application: Application) -> int | None:
    """The group of the user that runs the protected application; None where an operator's application names no user."""
    if not application.upstream:
        example = service_user(APPLICATION_USER)
        return example.pw_gid if example else None
    if not application.user:
        return None
    try:
        return pwd.getpwnam(application.user).pw_gid
    except KeyError:
        raise ConfigurationError(
            f"application.user in garant.toml: no user {application.user!r} here; write the name of the system user that runs it"
        ) from None


def administrator_of(url: str) -> Administrator | None:
    """The administrator inside a database URL, or None when it names no user."""
    parts = urlsplit(url)
    if not parts.username:
        return None
    return Administrator(parts.hostname or "127.0.0.1", parts.port or 5432, unquote(parts.username), unquote(parts.password or ""))


def database_of(url: str) -> str:
    """The database that a URL names."""
    return unquote(urlsplit(url).path[1:]) or "garant"


def without_administrator(url: str) -> str:
    """`url` without user name and password: what processes get to see."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def make_roles(
    administrator: Administrator, runtime: Runtime, *, database: str = "garant", example: bool = True, alone: bool = False
) -> None:
    """Roles with the passwords of the secrets, databases, default privileges. Changes nothing that is right already.

    `alone`: nobody else uses this server, so its common databases are closed to all but the administrator.
    Raises EngineError when the server does not let this administrator do it.
    """
    try:
        _make_roles(administrator, runtime, database, example=example)
        if alone:
            with administrator.connect(administrator.maintenance) as server:
                for common in ("postgres", "template1"):
                    server.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(common)))
    except psycopg.Error as error:
        raise EngineError(
            f"the administrator {administrator.user} cannot make the roles and databases of Garant: {_first_line(error)}"
        ) from error


def _make_roles(administrator: Administrator, runtime: Runtime, database: str, *, example: bool) -> None:
    with administrator.connect(administrator.maintenance) as server:
        names = [f"garant_{role}" for role in ROLES]
        for role, name in zip(ROLES, names, strict=True):
            _role(server, name, runtime.secret(f"database-{role}"))
        own = ["garant_owner"]
        if example:
            own += _application_roles(server, runtime)
        if server.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() != (True,):
            server.execute(f"grant {', '.join(own)} to current_user")
        _database(server, database, "garant_owner", names)
        if example:
            application_database.hand_over_database(server)
            guests = [application_database.APPLICATION, application_database.PROBE]
            _database(server, application_database.APPLICATION, application_database.OWNER, guests)
            with administrator.connect(application_database.APPLICATION) as theirs:
                application_database.settle(theirs)
    with administrator.connect(database) as inside:
        processes = sql.SQL(", ").join(sql.Identifier(name) for name in names[1:])
        inside.execute("alter schema public owner to garant_owner")
        inside.execute("revoke all on schema public from public")
        inside.execute(sql.SQL("grant usage on schema public to {}").format(processes))
        for grant in ("select, insert, update, delete on tables", "usage, select on sequences"):
            inside.execute(
                sql.SQL("alter default privileges for role garant_owner in schema public grant {} to {}").format(sql.SQL(grant), processes)
            )
        observers.settle(inside)


def _application_roles(server: "psycopg.Connection[tuple[object, ...]]", runtime: Runtime) -> list[str]:
    """The roles of the example application's database; those that the administrator has to become."""
    for name, secret in application_database.SECRETS.items():
        _role(server, name, runtime.secret(secret))
    application_database.make_silent_role(server)
    application_database.make_members(server)
    return [application_database.OWNER, application_database.APPLICATION, application_database.PRIVILEGED]


def migrate(data: Path, *, environment: Mapping[str, str] | None = None) -> None:
    """Bring the tables up to date in a child process that alone knows the owner's password.

    Raises EngineError with the cause in one line; all that the child said is in <data>/logs/migrate.log.
    """
    given = {name: value for name, value in (os.environ if environment is None else environment).items() if name.startswith("GARANT_")}
    if "GARANT_DATABASE_URL" in given:
        given["GARANT_DATABASE_URL"] = without_administrator(given["GARANT_DATABASE_URL"])
    held = {
        **PLAIN_ENVIRONMENT,
        **given,
        "GARANT_DATA": str(data),
        "GARANT_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "garant.project.settings",
        "PYTHONPATH": str(SOURCES),
    }
    done = subprocess.run(
        [sys.executable, "-m", "garant.project.provision"], cwd="/", env=held, capture_output=True, text=True, timeout=600, check=False
    )
    log = data / "logs" / "migrate.log"
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.write(done.stdout + done.stderr)
    if done.returncode:
        raise EngineError(f"the database could not be brought up to date: {cause(done.stderr or done.stdout)} (the whole is in {log})")


def _migrate_here() -> None:
    """The body of the migrating process."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        # The edge's processes face the outside most: a table without row policies is closed to them.
        cursor.execute(
            "select format('revoke all on %s from garant_edge', c.oid::regclass) from pg_class c"
            " where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace = 'public'::regnamespace and not c.relrowsecurity"
            " and has_table_privilege('garant_edge', c.oid, 'select') and c.relname <> 'django_migrations'"
        )
        for (command,) in cursor.fetchall():
            cursor.execute(command)
        cursor.execute("revoke insert, update, delete on django_migrations from garant_web, garant_worker, garant_edge")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no answer"])[0]


def _role(server: "psycopg.Connection[tuple[object, ...]]", name: str, password: str) -> None:
    """The password travels as its SCRAM verifier: it cannot land in the server's log."""
    verifier = server.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    found = server.execute(
        "select rolcanlogin and not (rolinherit or rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolreplication)"
        " from pg_roles where rolname = %s",
        [name],
    ).fetchone()
    verb = sql.SQL("alter role" if found else "create role")
    # Only a superuser may speak of these rights to a role that exists: where they are right already, the password alone is set.
    right = "" if found == (True,) else "login noinherit nosuperuser nocreatedb nocreaterole nobypassrls noreplication "
    rights = sql.SQL(f"{right}password")
    with contextlib.suppress(psycopg.errors.InternalError_):  # "tuple concurrently updated": two provisions at once do the same
        server.execute(sql.SQL("{} {} {} {}").format(verb, sql.Identifier(name), rights, sql.Literal(verifier)))


def _database(server: "psycopg.Connection[tuple[object, ...]]", name: str, owner: str, guests: list[str]) -> None:
    if not server.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        server.execute(
            sql.SQL("create database {} owner {} encoding 'UTF8' template template0").format(sql.Identifier(name), sql.Identifier(owner))
        )
    server.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))
    for guest in guests:
        server.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(name), sql.Identifier(guest)))


def _empty(path: Path, user: pwd.struct_passwd | None) -> None:
    """An empty private file of the service user, in a directory that is not the service user's."""
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        if user:
            os.chown(path, user.pw_uid, user.pw_gid)


def _assertion_keys(directory: Path, *, group: int | None) -> None:
    """The Ed25519 key that signs identity assertions, made once: `private.pem` (PKCS 8) and `public.json` (JWK set, for applications).

    The `kid` is the key's thumbprint (RFC 7638).
    """
    private, public = directory / "private.pem", directory / "public.json"
    if not private.exists():
        encoded = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(private, encoded, mode=0o600 if group is None else 0o640, group=group)
    if not public.exists():
        key = serialization.load_pem_private_key(private.read_bytes(), None)
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        required = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
        kid = _base64url(hashlib.sha256(canonical(required)).digest())
        document = {"keys": [{**required, "alg": "EdDSA", "use": "sig", "kid": kid}]}
        _write(public, json.dumps(document, indent=1).encode() + b"\n", mode=0o644, group=group)


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _write(path: Path, content: bytes, *, mode: int, group: int | None) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if group is not None:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, mode)
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)


if __name__ == "__main__":
    _migrate_here()
