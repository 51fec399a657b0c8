"""Row security: on, forced, one policy a table, and no way around it."""

from collections.abc import Iterator, Sequence

from garant.data.policy.catalogue import Catalogue, LiveTable, Name, RowPolicy
from garant.data.policy.compile.change import Change, Kind, bones, made_name, qualified, quote, shown
from garant.data.policy.compile.paths import Tenant

POLICY = "garant_tenant"
TAKEN = ("TRUNCATE", "REFERENCES", "TRIGGER")
"""Privileges that the application's role never has: TRUNCATE ignores row security, REFERENCES and TRIGGER reach around it."""


def of_table(table: LiveTable, tenant: Tenant) -> Iterator[Change]:
    """Security on, forced, and the policy as compiled. `tenant`: of this table, or of the table that it is a partition of."""
    name = qualified(table.table)
    if not table.secured:
        yield Change(Kind.SECURITY_OFF, shown(table.table), (f"alter table {name} enable row level security",))
    if not table.forced:
        yield Change(Kind.NOT_FORCED, shown(table.table), (f"alter table {name} force row level security",))
    found = next((each for each in table.policies if each.name == POLICY), None)
    if found is None or not _same(found, tenant.expression):
        drop = (f"drop policy {quote(POLICY)} on {name}",) if found is not None else ()
        made = f"create policy {quote(POLICY)} on {name} for all to public using ({tenant.expression}) with check ({tenant.expression})"
        yield Change(Kind.POLICY, shown(table.table), (*drop, made))
    for policy in table.policies:
        if policy.name != POLICY and policy.permissive:
            yield Change(Kind.FOREIGN_POLICY, shown(table.table, policy.name))
    if tenant.own and not any(index[:1] == (tenant.column,) for index in table.indexes):
        index = made_name(table.name, tenant.column)
        yield Change(Kind.INDEX, shown(table.table), (f"create index {quote(index)} on {name} ({quote(tenant.column)})",))


def of_access(catalogue: Catalogue, protected: frozenset[Name]) -> Iterator[Change]:
    """The application's role and what it may do beside reading and writing rows."""
    yield from _of_role(catalogue)
    role = quote(catalogue.application)
    for table in catalogue.tables.values():
        if table.schema == "garant":
            continue
        words = [word for word in TAKEN if word in table.granted]
        if table.owner == catalogue.application:
            yield Change(Kind.ROLE_OWNS, shown(table.table))
        elif words and table.holds_rows:
            yield Change(Kind.GRANTED, shown(table.table), (f"revoke {', '.join(words).lower()} on {qualified(table.table)} from {role}",))
        if table.kind in ("v", "m") and _reaches(catalogue, table, protected):
            yield from _of_view(table, role)
    for sequence in catalogue.sequences:
        if sequence.readable and sequence.schema != "garant":
            named = (sequence.schema, sequence.name)
            name = qualified(named)
            taken = f"revoke select on sequence {name} from {role}"  # noqa: S608 - names of the catalogue, quoted
            yield Change(Kind.SEQUENCE, shown(named), (taken, f"grant usage on sequence {name} to {role}"))
    for function in catalogue.functions:
        if function.definer and function.executable and not any(each.startswith("search_path=") for each in function.settings):
            yield Change(Kind.DEFINER, f"{function.schema}.{function.name}({function.arguments})")


def _of_role(catalogue: Catalogue) -> Iterator[Change]:
    role = catalogue.roles.get(catalogue.application)
    if role is None:
        return
    for name in sorted({role.name, *role.member_of}):
        found = catalogue.roles.get(name)
        if found is not None and (found.superuser or found.bypasses):
            yield Change(Kind.ROLE_BYPASSES, name)


def _of_view(table: LiveTable, role: str) -> Iterator[Change]:
    name = qualified(table.table)
    if table.kind == "v" and not table.invoker:
        yield Change(Kind.VIEW, shown(table.table), (f"alter view {name} set (security_invoker = true)",))
    if table.kind == "m" and "SELECT" in table.granted:
        yield Change(Kind.MATERIALIZED, shown(table.table), (f"revoke all on {name} from {role}", f"revoke all on {name} from public"))


def _reaches(catalogue: Catalogue, view: LiveTable, protected: frozenset[Name]) -> bool:
    """Whether a view shows rows of a protected table, through other views too."""
    seen: set[Name] = set()
    left: Sequence[Name] = tuple(view.reads)
    while left:
        if protected & set(left):
            return True
        seen |= set(left)
        left = [each for name in left if name in catalogue.tables for each in catalogue.tables[name].reads if each not in seen]
    return False


def _same(policy: RowPolicy, expression: str) -> bool:
    wanted = bones(expression)
    return (
        policy.permissive
        and policy.command == "*"
        and policy.roles == ("public",)
        and bones(policy.using) == wanted
        and bones(policy.check) == wanted
    )
