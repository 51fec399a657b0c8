"""A small application's database of its own on the test run's server, with the roles of a deployment: `sondage_owner` owns the tables,
`sondage` is the application. Two organisations are in it, `erable` and `bouleau`.

    with Mapped(database) as house:
        house.apply(); house.as_application("erable")      # a connection whose transactions say whose they are
"""

import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import psycopg

from garant.data.engines import apply as engine
from garant.data.engines.catalogue import read
from garant.data.policy.catalogue import Catalogue
from garant.data.policy.compile.change import Change
from garant.data.policy.map import DataMap
from garant.data.policy.reading import parse
from support.database import Database

KEY = b"k" * 32
SCHEMA = """
create table person (id uuid primary key, tenant text not null, email text, name text not null default '', password text);
create table survey (id uuid primary key, tenant varchar(63) not null, title text not null,
  author uuid references person (id) on delete set null deferrable initially deferred);
create table question (id serial primary key, tenant text not null, label text not null,
  survey_id uuid not null references survey (id) on delete cascade);
create table answer (id uuid primary key, question_id int not null references question (id), text text not null);
create table visit (id bigint generated always as identity, tenant text not null, at date not null, primary key (id, at))
  partition by range (at);
create table visit_2026 partition of visit for values from ('2026-01-01') to ('2027-01-01');
create table kind (code text primary key);
create view people as select * from person;
create materialized view head_count as select tenant, count(*) as n from person group by tenant;
grant select, insert, update, delete on all tables in schema public to sondage;
grant usage on all sequences in schema public to sondage;
"""
MAP = """
dataset:
- fides_key: little
  garant:
    context: signed
    not_personal: [kind]
  collections:
  - name: person
    garant: {tenant: tenant, capture: true}
    fields:
    - {name: id, data_categories: [user.unique_id]}
    - {name: tenant, data_categories: [system.operations]}
    - {name: email, data_categories: [user.contact.email]}
    - {name: name, data_categories: [user.name]}
    - {name: password, data_categories: [user.authorization.password]}
  - name: survey
    garant: {tenant: tenant}
    fields:
    - {name: id, data_categories: [system.operations]}
    - {name: tenant, data_categories: [system.operations]}
    - {name: title, data_categories: [system.operations]}
    - {name: author, data_categories: [user.unique_id]}
  - name: question
    garant: {tenant: tenant}
    fields:
    - {name: id, data_categories: [system.operations]}
    - {name: tenant, data_categories: [system.operations]}
    - {name: label, data_categories: [system.operations]}
    - {name: survey_id, data_categories: [system.operations]}
  - name: answer
    garant: {tenant: question.survey.tenant, capture: true}
    fields:
    - {name: id, data_categories: [system.operations]}
    - {name: question_id, data_categories: [system.operations]}
    - {name: text, data_categories: [user.content]}
  - name: visit
    garant: {tenant: tenant}
    fields:
    - {name: id, data_categories: [system.operations]}
    - {name: tenant, data_categories: [system.operations]}
    - {name: at, data_categories: [user.behavior]}
"""
PERSONS = {"erable": uuid.UUID(int=1), "bouleau": uuid.UUID(int=2)}
SURVEYS = {"erable": uuid.UUID(int=11), "bouleau": uuid.UUID(int=12)}
ANSWERS = {"erable": uuid.UUID(int=21), "bouleau": uuid.UUID(int=22)}

Session = psycopg.Connection[tuple[Any, ...]]


def context(tenant: str, *, actor: str = "somebody", purpose: str = "", key: bytes = KEY, life: int = 60) -> str:
    """A signed context, made apart from the product's own code (RFC 2104 by the standard library)."""
    said = f"v1|{tenant}|{actor}|{purpose}|{int(time.time()) + life}"
    return f"{said}|{hmac.new(key, said.encode(), hashlib.sha256).hexdigest()}"


class Mapped:
    """`schema`, `text`: other tables and another map."""

    def __init__(self, database: Database, *, schema: str = SCHEMA, text: str = MAP, rows: bool = True) -> None:
        self.database, self.schema, self.text, self.rows = database, schema, text, rows
        self.name = f"map_{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> "Mapped":
        with self.database.administrator.connect("postgres") as server:
            server.execute(f"create database {self.name} owner sondage_owner template template0")
            server.execute(f"revoke all on database {self.name} from public")
            server.execute(f"grant connect on database {self.name} to sondage, garant_data")
        with self.as_("postgres") as inside:
            inside.execute("grant all on schema public to sondage_owner; grant usage on schema public to sondage, garant_data")
        with self.as_("sondage_owner") as owner:
            owner.execute(self.schema.encode())
            if self.rows:
                for number, tenant in enumerate(PERSONS, 1):
                    person, survey = PERSONS[tenant], SURVEYS[tenant]
                    owner.execute(
                        "insert into person values (%s, %s, %s, %s, 'x')", [person, tenant, f"a@{tenant}.example", f"Ann {tenant}"]
                    )
                    owner.execute("insert into survey values (%s, %s, %s, %s)", [survey, tenant, f"Survey of {tenant}", person])
                    owner.execute("insert into question (tenant, label, survey_id) values (%s, 'Why?', %s)", [tenant, survey])
                    owner.execute("insert into answer values (%s, %s, 'Because')", [ANSWERS[tenant], number])
                    owner.execute("insert into visit (tenant, at) values (%s, '2026-05-01')", [tenant])
                owner.execute("refresh materialized view head_count")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self.database.administrator.connect("postgres") as server:
            server.execute(f"drop database {self.name} with (force)")

    @property
    def map(self) -> DataMap:
        return parse(self.text, name="little.yaml")

    def as_(self, role: str) -> Session:
        """A connection in autocommit mode: `postgres`, `sondage_owner`, `sondage` or `garant_data`."""
        if role == "postgres":
            return self.database.administrator.connect(self.name)
        return psycopg.connect(**self.words(role), autocommit=True)  # type: ignore[arg-type]

    def words(self, role: str) -> dict[str, str | int]:
        """Words of a connection as this role."""
        secret = {"sondage_owner": "database-sondage-owner", "sondage": "database-sondage", "garant_data": "database-data"}[role]
        return {
            "host": str(self.database.cluster.socket),
            "port": self.database.cluster.port,
            "user": role,
            "password": self.database.runtime.secret(secret),
            "dbname": self.name,
        }

    @contextmanager
    def within(self, tenant: str, *, role: str = "sondage", setting: str | None = None) -> Iterator[Session]:
        """A transaction of the application for one organisation."""
        with self.as_(role) as session, session.transaction():
            session.execute("select set_config('garant.ctx', %s, true)", [context(tenant) if setting is None else setting])
            yield session

    def apply(self) -> tuple[Change, ...]:
        with self.as_("sondage_owner") as owner:
            return engine.apply(owner, self.map, application="sondage", key=KEY)

    def differences(self) -> tuple[Change, ...]:
        with self.as_("garant_data") as probe:
            return engine.differences(probe, self.map, application="sondage")

    def catalogue(self) -> Catalogue:
        with self.as_("garant_data") as probe:
            return read(probe, application="sondage")

    def owner(self, *statements: str) -> None:
        """What the owner does by hand."""
        with self.as_("sondage_owner") as owner:
            for statement in statements:
                owner.execute(statement.encode())
