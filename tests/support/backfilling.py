"""One run of a back-fill in a process of its own, so that a test can kill it.

python -m support.backfilling CONNECTION BATCH        (words of libpq; the key is known)
"""

import sys
import uuid
from collections.abc import Callable, Sequence

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from garant.data.engines import backfill
from garant.data.engines.catalogue import Session, read
from garant.sdk.envelope import Column
from support.mapped import context

KEY = bytes(range(32))
KEY_ID = uuid.UUID(int=9)
TENANTS = {"erable": uuid.UUID(int=101), "bouleau": uuid.UUID(int=102)}
SCHEMA = """
create table person (id uuid primary key, tenant text not null, email text, email_sealed bytea);
grant select, insert, update, delete on person to sondage;
"""
MAP = """
dataset:
- fides_key: little
  collections:
  - name: person
    garant: {tenant: tenant}
    fields:
    - {name: id, data_categories: [system.operations]}
    - {name: tenant, data_categories: [system.operations]}
    - {name: email, data_categories: [user.contact.email]}
    - name: email_sealed
      data_categories: [user.contact.email]
      garant: {sealed: {replaces: email}}
"""


def column(tenant: str) -> Column:
    return Column(AESGCM(KEY), KEY_ID, region="ca", tenant=TENANTS[tenant], table="person", column="email_sealed")


def seal(tenant: str, rows: Sequence[tuple[str, str]]) -> list[bytes]:
    sealing = column(tenant)
    return [sealing.seal(row, text.encode()) for row, text in rows]


def entering(tenant: str) -> Callable[[Session], None]:
    def enter(session: Session) -> None:
        session.execute("select set_config('garant.ctx', %s, true)", [context(tenant)])

    return enter


def job(session: Session) -> backfill.Job:
    table = read(session, application="sondage").tables["public", "person"]
    return backfill.Job(table, "tenant", "email", "email_sealed")


def main(words: list[str]) -> None:
    with psycopg.connect(words[0], autocommit=True) as session:
        contexts = tuple(entering(tenant) for tenant in TENANTS)
        done = backfill.run(session, job(session), seal, contexts, batch=int(words[1]), progress=lambda n: print(n, flush=True))  # noqa: T201
    print("ended", done, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
