"""What row security costs: the same statements with a map in force and without, in the same run. `garant bench rls`; nothing is asserted.

    by key, list of 50       with a plain and with a signed context
    UPDATE                   without and with capture

Each is a transaction with its context in the same round trip, on one connection; the table without row security is a copy in the same
database, read with the same tenant condition. Rounds are interleaved; what is counted is the processor time of the server process.
Goal: 0.93 of plain for keys and lists.

Environment: GARANT_BENCH_ROWS (200000), GARANT_BENCH_TENANTS (200), GARANT_BENCH_ROUNDS (15), GARANT_BENCH_CALLS (1500).
"""

import os
import random
import statistics
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from psycopg import sql  # noqa: E402 - the path above

from support.benchbase import served  # noqa: E402
from support.mapped import Mapped, Session, context  # noqa: E402

ROWS = int(os.environ.get("GARANT_BENCH_ROWS", "200000"))
TENANTS = int(os.environ.get("GARANT_BENCH_TENANTS", "200"))
ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "15"))
CALLS = int(os.environ.get("GARANT_BENCH_CALLS", "1500"))

ONE = """create table {0} (id uuid primary key, tenant text not null, title text not null, at timestamptz not null default now());
create index on {0} (tenant, at); grant select, update on {0} to sondage;
"""
SCHEMA = ONE.format("secured") + ONE.format("bare")
MAP = """
dataset:
- fides_key: bench
  garant: {{context: {context}, not_personal: [bare]}}
  collections:
  - name: secured
    garant: {{tenant: tenant, capture: {capture}}}
    fields:
    - {{name: id, data_categories: [system.operations]}}
    - {{name: tenant, data_categories: [system.operations]}}
    - {{name: title, data_categories: [user.content]}}
    - {{name: at, data_categories: [system.operations]}}
"""
Held = dict[str, list[uuid.UUID]]
KEYS = "select title from {} where tenant = %s and id = %s"
LIST = "select id, title from {} where tenant = %s order by at limit 50"
UPDATE = "update {} set title = title || '.' where tenant = %s and id = %s"


def fill(house: Mapped) -> Held:
    held: Held = {f"t{number}": [] for number in range(TENANTS)}
    with house.as_("sondage_owner") as owner, owner.cursor() as cursor:
        with cursor.copy("copy secured (id, tenant, title) from stdin") as copy:
            for number in range(ROWS):
                id_, tenant = uuid.uuid4(), f"t{number % TENANTS}"
                held[tenant].append(id_)
                copy.write_row((str(id_), tenant, f"title {number}"))
        owner.execute("insert into bare select * from secured")
        owner.execute("analyze secured")
        owner.execute("analyze bare")
    return held


def spent(pid: int) -> int:
    """Nanoseconds of processor time of one server process."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])


def round_of(
    session: Session, statement: str, table: str, held: dict[str, list[uuid.UUID]], contexts: dict[str, str], setting: str
) -> float:
    chance = random.Random(1)
    asked = sql.SQL(statement).format(sql.Identifier(table)).as_string(session)
    names = list(held)
    pid = session.info.backend_pid
    began = spent(pid)
    for _ in range(CALLS):
        tenant = chance.choice(names)
        values = [tenant] if "limit 50" in statement else [tenant, chance.choice(held[tenant])]
        with session.pipeline(), session.transaction():
            session.execute("select set_config(%s, %s, true)", [setting, contexts[tenant]])
            cursor = session.execute(asked, values, prepare=True)
        if cursor.description:
            cursor.fetchall()
    return CALLS / (spent(pid) - began) * 1e9


def compare(house: Mapped, held: Held, name: str, statement: str, signed: bool) -> None:
    setting = "garant.ctx" if signed else "app.tenant"
    contexts = {tenant: context(tenant, life=3600) if signed else tenant for tenant in held}
    rates: dict[str, list[float]] = {"bare": [], "secured": []}
    with house.as_("sondage") as session:
        for number in range(ROUNDS):
            for table in ("bare", "secured") if number % 2 else ("secured", "bare"):
                rates[table].append(round_of(session, statement, table, held, contexts, setting))
    pairs = [one / other for one, other in zip(rates["secured"], rates["bare"], strict=True)]
    best = {table: max(found) for table, found in rates.items()}
    print(
        f"{name:<34} {statistics.median(rates['bare']):>7,.0f} {statistics.median(rates['secured']):>7,.0f}   "
        f"{statistics.median(pairs):.2f}   {best['secured'] / best['bare']:.2f}",
        flush=True,
    )


def main() -> None:
    with served() as database, Mapped(database, schema=SCHEMA, text="", rows=False) as house:
        held = fill(house)
        print(f"{ROWS} rows, {TENANTS} organisations, {ROUNDS} interleaved rounds of {CALLS}")
        print(f"{'transactions a CPU second':<34} {'bare':>7} {'secured':>7}   median of pairs   best of best")
        for kind in ("plain", "signed"):
            house.text = MAP.format(context=kind, capture="false")
            house.apply()
            compare(house, held, f"by key, {kind} context", KEYS, kind == "signed")
            compare(house, held, f"list of 50, {kind} context", LIST, kind == "signed")
        compare(house, held, "UPDATE, signed, without capture", UPDATE, True)
        house.text = MAP.format(context="signed", capture="true")
        house.apply()
        compare(house, held, "UPDATE, signed, with capture", UPDATE, True)


if __name__ == "__main__":
    main()
