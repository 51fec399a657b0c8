"""The context of a transaction as the database verifies it: functions of the schema `garant` that say whose it is.

*Signed*: the setting `garant.ctx` is `v1|tenant|actor|purpose|expiry|mac`, and a forged or expired one is an error (42501);
it expires by the clock, not by the beginning of the transaction, which somebody may have kept open. The
key never leaves `garant.context_key`, which no role but the functions' owner reads: SQL that somebody injects cannot choose a tenant.
*Plain*: the settings `app.tenant`, `app.actor`, `app.purpose`, for an application whose SQL cannot be injected.

Without a context every function gives NULL: no rows, no error.
"""

from dataclasses import dataclass

PATH = "garant, pg_temp"
CONTEXT_PARTS = {"ctx_tenant": 2, "ctx_actor": 3, "ctx_purpose": 4}
PLAIN_SETTINGS = {"ctx_tenant": "app.tenant", "ctx_actor": "app.actor", "ctx_purpose": "app.purpose"}

KEY_TABLE = """create table if not exists garant.context_key ("inner" bytea not null, "outer" bytea not null)"""
"""Several keys hold at once while one replaces another."""

SIGNED = """
declare
  c text := current_setting('garant.ctx', true);
  p text[];
begin
  if c is null or c = '' then return null; end if;
  p := string_to_array(c, '|');
  if array_length(p, 1) is distinct from 6 or p[1] <> 'v1' or p[5] !~ '^[0-9]{1,12}$' or not exists (
    select from garant.context_key k
    where encode(sha256(k."outer" || sha256(k."inner" || convert_to(left(c, -65), 'UTF8'))), 'hex') = p[6])
  then raise exception using errcode = '42501', message = 'the context of this transaction is forged',
    hint = 'Set garant.ctx to what garant.sdk.context.sign gives.'; end if;
  if p[5]::bigint < extract(epoch from clock_timestamp()) then raise exception using errcode = '42501',
    message = 'the context of this transaction has expired', hint = 'Sign a new one when the transaction begins.'; end if;
  return nullif(p[{part}], '');
end
"""

PLAIN = """
begin
  return nullif(current_setting('{setting}', true), '');
end
"""

CAPTURE = """
declare
  before jsonb; after jsonb; named jsonb; diff jsonb;
  hidden text[] := string_to_array(tg_argv[2], ',');
begin
  if tg_op <> 'INSERT' then before := to_jsonb(old); end if;
  if tg_op <> 'DELETE' then after := to_jsonb(new); end if;
  select jsonb_object_agg(k, case when k = any (hidden) then '"hidden"'::jsonb
                             else jsonb_build_array(before -> k, after -> k) end)
    into diff from jsonb_object_keys(coalesce(after, before)) as keys(k) where before -> k is distinct from after -> k;
  if diff is null and tg_op = 'UPDATE' then return null; end if;
  select jsonb_object_agg(k, coalesce(after, before) -> k) into named from unnest(string_to_array(tg_argv[1], ',')) as keys(k);
  insert into garant.captured (actor, purpose, tenant, relation, action, key, diff) values (
    garant.ctx_actor(), garant.ctx_purpose(),
    case when tg_argv[0] = '' then garant.ctx_tenant() else coalesce(after, before) ->> tg_argv[0] end,
    tg_table_schema || '.' || tg_table_name, left(tg_op, 1), coalesce(named, '{}'), coalesce(diff, '{}'));
  return null;
end
"""

CANARIES = ("garant-temoin-a", "garant-temoin-b")
"""The two organisations made for probing: the only ones in whose name the database itself signs, and for measures alone."""

CANARY = """
declare said text := concat_ws('|', 'v1', tenant, 'garant-probe', 'isolation', expires);
begin
  if tenant is null or tenant not in ({canaries}) then raise exception using errcode = '42501',
    message = 'only the two organisations made for probing are signed for here'; end if;
  return (select said || '|' || encode(sha256(k."outer" || sha256(k."inner" || convert_to(said, 'UTF8'))), 'hex')
          from garant.context_key k limit 1);
end
"""

CAPTURED = """create table if not exists garant.captured (
  id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
  transaction xid8 not null default pg_current_xact_id(), actor text, purpose text, role text not null default session_user,
  tenant text, relation text not null, action "char" not null, key jsonb not null, diff jsonb not null)"""


@dataclass(frozen=True)
class Wanted:
    """A function of the schema `garant`. `open`: anybody may call it; it tells them their own context. `role`: who else may."""

    name: str
    returns: str
    volatility: str
    source: str
    open: bool = False
    role: str = ""
    arguments: str = ""

    @property
    def sql(self) -> tuple[str, ...]:
        word = {"s": "stable parallel safe", "v": "volatile"}[self.volatility]
        named = f"garant.{self.name}({self.arguments})"
        made = (
            f"create or replace function {named} returns {self.returns} language plpgsql {word} "
            f"security definer set search_path = {PATH} as $garant${self.source}$garant$",
            f"revoke all on function {named} from public",
        )
        allowed = "public" if self.open else f'"{self.role}"' if self.role else ""
        return (*made, f"grant execute on function {named} to {allowed}") if allowed else made


def functions(context: str, *, owner: str, probes: str = "") -> tuple[Wanted, ...]:
    """Every function that the schema should hold, for a `signed` or a `plain` context. `owner`: of the tables, who makes triggers;
    `probes`: the role of measures, where there is one."""
    sources = (
        {name: SIGNED.replace("{part}", str(part)) for name, part in CONTEXT_PARTS.items()}
        if context == "signed"
        else {name: PLAIN.format(setting=setting) for name, setting in PLAIN_SETTINGS.items()}
    )
    asked = tuple(Wanted(name, "text", "s", source, open=True) for name, source in sources.items())
    made = (*asked, Wanted("capture", "trigger", "v", CAPTURE, role=owner))
    if context != "signed" or not probes:
        return made
    named = ", ".join(f"'{name}'" for name in CANARIES)
    return (
        *made,
        Wanted("canary_context", "text", "s", CANARY.format(canaries=named), role=probes, arguments="tenant text, expires bigint"),
    )
