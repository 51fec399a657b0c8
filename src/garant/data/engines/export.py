"""Whether much can be taken away at once: by a page, by the application's role, by a person who reads more than a person does (CIR-34).

| part     | what is tried                                                                                                 |
|----------|---------------------------------------------------------------------------------------------------------------|
| pages    | each path that the recipe lists as an export, with the session of an administrator: refused or absent         |
| role     | COPY to a program and to a file, for real; membership in roles that read everything; replication              |
| reading  | bytes that each person took through the edge, hour by hour over a day, from the access journal                |

What a person may read one page at a time, they may copy: nothing here prevents that, the limit on reading tells of it.
Each run also shows its examiners a page that answers, and a reader above the limit: both must be reported, or the run is void.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg import sql

from garant.data.engines.house import Connect
from garant.data.engines.walk import Walker, planted, take, walker
from garant.data.policy.no_export import HOURS, over
from garant.data.policy.recipe import Recipe, Step
from garant.kernel.canonical import Json
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Canary, Observation, Promise
from garant.kernel.visitor import Reads, Residents

BULK = ("pg_read_all_data", "pg_write_all_data", "pg_execute_server_program", "pg_read_server_files", "pg_write_server_files")
COPIES = (
    ("copy_to_program", "copy (select 1) to program 'true'"),
    ("copy_to_file", "copy (select 1) to '/dev/null'"),
    ("read_file", "select pg_read_file('PG_VERSION')"),
)
MEMBERS = """
with recursive member as (
  select oid, rolname, rolsuper, rolreplication, rolbypassrls from pg_roles where rolname = %(role)s
  union select r.oid, r.rolname, r.rolsuper, r.rolreplication, r.rolbypassrls
    from pg_auth_members m join member on member.oid = m.member join pg_roles r on r.oid = m.roleid
)
select case when rolname = any(%(bulk)s) then 'member_of ' || rolname when rolsuper then 'superuser ' || rolname
            when rolreplication then 'replication ' || rolname else 'bypasses ' || rolname end
from member where rolname = any(%(bulk)s) or rolsuper or rolreplication or rolbypassrls order by 1
"""
DAY = timedelta(hours=HOURS)


@dataclass(frozen=True)
class Exits:
    """Where the parts look. `role`: the application's; `recipe`, `connect`: None where Garant does not know them."""

    residents: Residents
    reads: Reads
    role: str
    recipe: Callable[[], Recipe] | None = None
    connect: Connect | None = None


class NoExport:
    """See above. The promise's parameter `megabytes_an_hour`: what a person may take at most."""

    def __init__(self, deployment: Deployment, exits: Exits) -> None:
        self._deployment, self._exits = deployment, exits

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        return ()

    def observe(self, promise: Promise) -> Observation:
        """What each part found. Raises EngineError when one of them could not look."""
        limit = _limit(promise)
        recipe = self._exits.recipe() if self._exits.recipe else None
        facts: dict[str, Json] = {"limit_bytes": limit}
        seen, held = 1, True
        if recipe is not None and recipe.export:
            facts["pages"], found = self._pages(recipe)
            seen, held = seen + 1, held and found
        if self._exits.connect is not None:
            facts["role"] = _role(self._exits.connect, self._exits.role)
            seen += 1
        now = self._deployment.clock.now()
        rows = list(self._exits.reads(now - DAY))
        planted_reader = (uuid.UUID(int=0), uuid.UUID(int=0), now, limit + 1)
        facts["readers"] = len({(tenant, person) for tenant, person, _, _ in rows})
        facts["largest_bytes"] = max((taken for *_, taken in rows), default=0)
        facts["above"] = len(over(rows, limit))
        held &= len(over([*rows, planted_reader], limit)) == len(over(rows, limit)) + 1
        return Observation(seen, 3, facts, Canary.HELD if held else Canary.MISSED)

    def _pages(self, recipe: Recipe) -> tuple[Json, bool]:
        """The listed paths that handed something out, and whether a page that does answer was reported."""
        with self._exits.residents() as residents:
            me = walker(self._deployment, residents[0])
            with planted([me], recipe):
                open_ = [step.path for step in recipe.export if _hands_out(me, step)]
                found = all(_hands_out(me, step) for step in recipe.read[:1])
        return {"asked": len(recipe.export), "open": list(open_)}, found


def _hands_out(me: Walker, step: Step) -> bool:
    """Whether the path answers with a content. Raises EngineError when it could not be asked."""
    answer = take(me.browser, step, me.known)
    if answer.status == 429 or answer.status >= 500:
        raise EngineError(f"{me.resident.label}{step.path} answered {answer.status}: neither handed out nor refused")
    return 200 <= answer.status < 300


def _role(connect: Connect, role: str) -> Json:
    """What the application's role could take away, by what it is and by what it is let do."""
    with connect() as session:
        try:
            found = [str(row[0]) for row in session.execute(MEMBERS, {"role": role, "bulk": list(BULK)}).fetchall()]
            with session.transaction(force_rollback=True):
                session.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                found += [name for name, said in COPIES if _is_let(session, said)]
        except psycopg.Error as error:
            raise EngineError(f"the application’s role could not be tried: {str(error).strip().splitlines()[0]}") from error
    return {"asked": len(COPIES) + len(BULK), "may": list(found)}


def _is_let(session: "psycopg.Connection[tuple[object, ...]]", said: str) -> bool:
    try:
        with session.transaction(force_rollback=True):
            session.execute(said.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _limit(promise: Promise) -> int:
    megabytes = promise.parameters.get("megabytes_an_hour", 200)
    return (megabytes if isinstance(megabytes, int) else 200) * 1_000_000
