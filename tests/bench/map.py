"""The data map: time of `map check` on a large schema, and rate of a back-fill. `garant bench map`; nothing is asserted.

The schema is made here: 155 tables, 1,381 columns, 317 deferred foreign keys, the sizes of pretix 2026.8 (not pretix itself). The
back-fill seals one text column under data keys of two organisations, row security in force, on the embedded PostgreSQL with durable
settings.

Environment: GARANT_BENCH_ROWS (200000) rows of the back-fill, GARANT_BENCH_ROUNDS (5).
"""

import os
import statistics
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from garant.data.engines import apply as engine  # noqa: E402
from garant.data.engines import backfill  # noqa: E402 - the path above
from garant.data.engines.catalogue import connect, read  # noqa: E402
from garant.data.policy.coverage import coverage  # noqa: E402
from garant.data.policy.reading import parse  # noqa: E402
from garant.data.policy.writing import proposal  # noqa: E402
from support import backfilling  # noqa: E402
from support.benchbase import served  # noqa: E402
from support.mapped import KEY, Mapped  # noqa: E402

ROWS = int(os.environ.get("GARANT_BENCH_ROWS", "200000"))
ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "5"))
TABLES, COLUMNS, KEYS = 155, 1381, 317


def schema() -> str:
    """Tables that point at earlier ones, three columns at least, the rest shared out."""
    plain = COLUMNS - 2 * TABLES - KEYS
    made = []
    keys = [KEYS // (TABLES - 1) + (number <= KEYS % (TABLES - 1)) if number else 0 for number in range(TABLES)]
    for number in range(TABLES):
        columns = ["id bigint generated always as identity primary key", "tenant text not null"]
        for each in range(keys[number]):
            target = (number * 7 + each * 13) % number
            columns.append(f"k{each} bigint references t{target} (id) deferrable initially deferred")
        columns += [f"c{each} text" for each in range(plain // TABLES + (number < plain % TABLES))]
        made.append(f"create table t{number} ({', '.join(columns)});")
    return "\n".join([*made, "grant select, insert, update, delete on all tables in schema public to sondage;"])


def spent(pid: int) -> int:
    """Nanoseconds of processor time of one server process."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])


def fill(house: Mapped) -> None:
    with house.as_("sondage_owner") as owner, owner.cursor() as cursor, cursor.copy("copy person (id, tenant, email) from stdin") as copy:
        for tenant in backfilling.TENANTS:
            for _ in range(ROWS // 2):
                copy.write_row((str(uuid.uuid4()), tenant, f"{uuid.uuid4()}@{tenant}.example"))


def check(house: Mapped, text: str) -> float:
    began = time.perf_counter()
    with connect(house.words("garant_data")) as session:
        made = parse(text, name="bench.yaml")
        catalogue = read(session, application="sondage")
        coverage(made, catalogue)
        engine.differences(session, made, application="sondage")
    return time.perf_counter() - began


def main() -> None:
    with served() as database:
        with Mapped(database, schema=schema(), rows=False) as house:
            catalogue = house.catalogue()
            tables = list(catalogue.held())
            sizes = len(tables), sum(len(each.columns) for each in tables), sum(len(each.foreign_keys) for each in tables)
            text = house.text = proposal(catalogue, {}, application="bench")
            before = statistics.median(check(house, text) for _ in range(ROUNDS))
            began = time.perf_counter()
            changes = len(house.apply())
            applied = time.perf_counter() - began
            after = statistics.median(check(house, text) for _ in range(ROUNDS))
        print(f"schema: {sizes[0]} tables, {sizes[1]} columns, {sizes[2]} foreign keys (made by the bench, the sizes of pretix)")
        print(f"map check, before it is in force   {before:.2f} s   (goal 2 s)")
        print(f"map check, in force                {after:.2f} s   (goal 2 s)")
        print(f"map apply, {changes} changes         {applied:.2f} s")
        with Mapped(database, schema=backfilling.SCHEMA, text=backfilling.MAP, rows=False) as house:
            fill(house)
            with house.as_("sondage_owner") as owner:
                engine.apply(owner, house.map, application="sondage", key=KEY)
                contexts = tuple(backfilling.entering(tenant) for tenant in backfilling.TENANTS)
                work = backfilling.job(owner)
                pid, began, own = owner.info.backend_pid, time.perf_counter(), time.process_time()
                theirs = spent(pid)
                done = backfill.run(owner, work, backfilling.seal, contexts)
                seconds = time.perf_counter() - began
                busy = time.process_time() - own, (spent(pid) - theirs) / 1e9
            print(f"back-fill: {done} fields in {seconds:.1f} s, {done / seconds:,.0f} a second   (goal 50,000)")
            print(f"           processor: {busy[0]:.1f} s here, {busy[1]:.1f} s in the server, {done / sum(busy):,.0f} a processor second")


if __name__ == "__main__":
    main()
