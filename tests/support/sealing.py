"""Sabotage of what is sealed, mended on the way out: by whoever owns the database, or by the application itself."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from support.doors import but_for
from support.stub import Asked, Said
from support.world import World

INTRODUCTION = "select id, introduction from surveys_survey where tenant = %s and introduction is not null order by id limit 1"
PUT = "update surveys_survey set introduction = %s where id = %s"


def house(world: World) -> "psycopg.Connection[tuple[object, ...]]":
    """The protected application's database, as the superuser, whom no policy holds."""
    state = world.runtime_files.state()
    return psycopg.connect(
        host=state["database_socket"],
        port=state["database_port"],
        user="postgres",
        password=world.runtime_files.secret("database-superuser"),
        dbname="sondage",
        autocommit=True,
    )


@contextmanager
def another_value(world: World, tenant: str, value: Callable[["psycopg.Connection[tuple[object, ...]]"], bytes]) -> Iterator[None]:
    """A sealed column of one of this organisation's rows holds other bytes."""
    with house(world) as server:
        row = server.execute(INTRODUCTION, [tenant]).fetchone()
        assert row is not None
        server.execute(PUT, [value(server), row[0]])
    try:
        yield
    finally:
        with house(world) as server:
            server.execute(PUT, [row[1], row[0]])


def in_clear(_: object) -> bytes:
    """What somebody typed, as it is."""
    return b"Parlez-nous de votre quartier, sans nommer personne."


def of_another(tenant: str) -> Callable[["psycopg.Connection[tuple[object, ...]]"], bytes]:
    """The envelope of another organisation's row."""

    def value(server: "psycopg.Connection[tuple[object, ...]]") -> bytes:
        row = server.execute(INTRODUCTION, [tenant]).fetchone()
        assert row is not None
        assert isinstance(row[1], bytes)
        return row[1]

    return value


@contextmanager
def key_in_database(world: World) -> Iterator[None]:
    """Somebody keeps a copy of a tenant's wrapped key beside the data."""
    with sqlite3.connect(f"file:{world.data / 'keys' / 'store.sqlite'}?mode=ro", uri=True) as store:
        (wrapped,) = store.execute("select wrapped from kek order by tenant limit 1").fetchone()
    with house(world) as server:
        server.execute("create table sabotage_keys (held bytea)")
        server.execute("insert into sabotage_keys values (%s)", [wrapped])
    try:
        yield
    finally:
        with house(world) as server:
            server.execute("drop table sabotage_keys")


def talkative(world: World) -> Callable[[Asked], Said]:
    """The application with a debugging log of what it receives, among its own files."""
    say, log = but_for(world, {}), world.data / "sondage" / "debug.log"

    def logged(asked: Asked) -> Said:
        with log.open("ab") as file:
            file.write(asked.body + b"\n")
        return say(asked)

    return logged


def careless(world: World) -> Callable[[Asked], Said]:
    """The application behind a cache that forgets whose page it keeps: a path is answered as it was first, to anybody."""
    say, held = but_for(world, {}), dict[str, Said]()

    def cached(asked: Asked) -> Said:
        if asked.method == "GET" and asked.path in held:
            return held[asked.path]
        said = say(asked)
        if asked.method == "GET" and said.status == 200 and asked.path.startswith("/sondages/"):
            held[asked.path] = said
        return said

    return cached
