"""A column in clear becomes a sealed one while the application goes on; killed at any moment, nothing is lost and nothing is done twice."""

import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import conninfo

from garant.data import service
from garant.kernel.errors import InputError
from support import backfilling
from support.backfilling import TENANTS, column
from support.database import Database
from support.mapped import Mapped, context

ROWS = 1_500
"""Of each organisation."""
ROOT = Path(__file__).parents[3]


@pytest.fixture
def house(database: Database) -> Iterator[Mapped]:
    with Mapped(database, schema=backfilling.SCHEMA, text=backfilling.MAP, rows=False) as made:
        with (
            made.as_("sondage_owner") as owner,
            owner.cursor() as cursor,
            cursor.copy("copy person (id, tenant, email) from stdin") as copy,
        ):
            for tenant in TENANTS:
                for number in range(ROWS):
                    copy.write_row((str(uuid.UUID(int=number + 10**6 * len(tenant))), tenant, f"p{number}@{tenant}.example"))
        made.apply()
        yield made


def state(house: Mapped) -> tuple[int, int]:
    """Rows in clear and rows sealed, of both organisations; no row may be both or neither, and each sealed one opens as what it was."""
    clear = sealed = 0
    for tenant in TENANTS:
        opens = column(tenant)
        with house.within(tenant) as session:
            for id_, email, envelope in session.execute("select id::text, email, email_sealed from person"):
                assert (email is None) != (envelope is None), id_
                clear += email is not None
                if envelope is not None:
                    sealed += 1
                    number = uuid.UUID(id_).int - 10**6 * len(tenant)
                    assert opens.unseal(id_, envelope).decode() == f"p{number}@{tenant}.example"
    return clear, sealed


def started(house: Mapped, batch: int) -> "subprocess.Popen[str]":
    words = conninfo.make_conninfo(**{name: str(value) for name, value in house.words("sondage_owner").items()})
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    return subprocess.Popen(
        [sys.executable, "-m", "support.backfilling", words, str(batch)], env=environment, cwd="/", stdout=subprocess.PIPE, text=True
    )


def test_killed_at_random_moments_it_goes_on_where_it_was(house: Mapped) -> None:
    chance = random.Random(7)
    left = 2 * ROWS
    for _ in range(4):
        process = started(house, batch=50)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 8)):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        process.stdout.close()
        clear, sealed = state(house)
        assert clear + sealed == 2 * ROWS
        assert 0 < clear < left, "each run goes further"
        left = clear
    process = started(house, batch=500)
    said, _ = process.communicate(timeout=60)
    assert said.splitlines()[-1] == f"ended {left}"
    assert state(house) == (0, 2 * ROWS)


def test_rows_that_somebody_holds_are_taken_in_a_later_round(house: Mapped) -> None:
    with house.within("erable") as held:
        held.execute("select * from person order by id limit 10 for update")
        process = started(house, batch=200)
        assert process.stdout is not None
        for _ in range(6):
            process.stdout.readline()
        held.execute("commit")
    process.communicate(timeout=60)
    assert state(house) == (0, 2 * ROWS)


def test_progress_is_told_and_a_second_run_finds_nothing(house: Mapped) -> None:
    seen: list[tuple[int, int]] = []
    words = {"made": house.map, "column": "person.email_sealed", "database": house.words("sondage_owner"), "role": "sondage"}
    how = {"seal": lambda *names: backfilling.seal, "tenants": tuple(TENANTS), "sign": context}
    done = service.backfill_column(**words, **how, progress=lambda n, of: seen.append((n, of)))  # type: ignore[arg-type]
    assert done == 2 * ROWS
    assert seen[-1] == (2 * ROWS, 2 * ROWS)
    assert service.backfill_column(**words, **how, progress=lambda n, of: None) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["person.email", "person", "email_sealed", "nobody.email_sealed", ""])
def test_a_column_that_replaces_nothing_is_refused_with_those_that_do(house: Mapped, wrong: str) -> None:
    with pytest.raises(InputError, match=r"person\.email_sealed"):
        service.backfill_column(
            made=house.map,
            column=wrong,
            database=house.words("sondage_owner"),
            role="sondage",
            seal=lambda *names: backfilling.seal,
            progress=lambda n, of: None,
        )
