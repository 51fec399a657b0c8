-- The application's database, described by its own catalogue. One named statement a block for one role.
-- name: database
select current_database()::text, current_setting('server_version_num')::int,
       exists (select from pg_roles where rolname = 'garant_data') and has_database_privilege('garant_data', current_database(), 'TEMPORARY'),
       (select pg_get_userbyid(datdba)::text from pg_database where datname = current_database());

-- name: schemas
select nspname::text, pg_get_userbyid(nspowner)::text from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema';

-- name: tables
select n.nspname::text, c.relname::text, c.relkind::text, pg_get_userbyid(c.relowner)::text, c.relrowsecurity, c.relforcerowsecurity,
       greatest(c.reltuples, 0)::bigint,
       coalesce('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions)
                or 'security_invoker=1' = any (c.reloptions), false),
       case when c.relispartition then (select array[pn.nspname::text, p.relname::text] from pg_inherits i
            join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace where i.inhrelid = c.oid) end,
       array(select p.privilege from unnest(array['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) as p(privilege)
             where exists (select from pg_roles where rolname = %(app)s) and has_table_privilege(%(app)s::name, c.oid, p.privilege))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and (n.nspname !~ '^pg_' or n.oid = pg_my_temp_schema()) and n.nspname <> 'information_schema';

-- name: columns
select n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, null), a.attnotnull
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and (n.nspname !~ '^pg_' or n.oid = pg_my_temp_schema()) and n.nspname <> 'information_schema'
order by c.oid, a.attnum;

-- name: keys
select n.nspname::text, c.relname::text, k.contype::text,
       array(select a.attname::text from unnest(k.conkey) with ordinality as u(num, pos)
             join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by u.pos)
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
where k.contype in ('p', 'u') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema';

-- name: indexes
select n.nspname::text, c.relname::text, i.indisunique and i.indpred is null and i.indimmediate,
       array(select coalesce(a.attname::text, '') from unnest(i.indkey::int2[]) with ordinality as u(num, pos)
             left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.num where u.pos <= i.indnkeyatts order by u.pos)
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where i.indisvalid and n.nspname !~ '^pg_' and n.nspname <> 'information_schema';

-- name: foreign_keys
select n.nspname::text, c.relname::text, k.conname::text,
       array(select a.attname::text from unnest(k.conkey) with ordinality as u(num, pos)
             join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by u.pos),
       tn.nspname::text, t.relname::text,
       array(select a.attname::text from unnest(k.confkey) with ordinality as u(num, pos)
             join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num order by u.pos),
       k.confdeltype::text, k.confupdtype::text, k.condeferrable, k.condeferred, k.convalidated
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
where k.contype = 'f' and k.conparentid = 0 and n.nspname !~ '^pg_'
order by c.relname, k.conname;

-- name: policies
select n.nspname::text, c.relname::text, p.polname::text, p.polcmd::text, p.polpermissive,
       array(select case when r.oid is null then 'public' else r.rolname::text end
             from unnest(p.polroles) as u(id) left join pg_roles r on r.oid = u.id),
       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
order by c.relname, p.polname;

-- name: triggers
select n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled::text, pg_get_triggerdef(t.oid)
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and n.nspname !~ '^pg_'
order by c.relname, t.tgname;

-- name: functions
select n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid), pg_get_userbyid(p.proowner)::text, p.prosecdef,
       p.provolatile::text, coalesce(p.proconfig, '{}'), p.prosrc,
       exists (select from pg_roles where rolname = %(app)s) and has_function_privilege(%(app)s::name, p.oid, 'EXECUTE')
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and p.prokind in ('f', 'p')
  and (n.nspname = 'garant' or p.prosecdef);

-- name: roles
select r.rolname::text, r.rolsuper, r.rolbypassrls, r.rolcreaterole,
       array(with recursive up as (
               select m.roleid from pg_auth_members m where m.member = r.oid
               union select m.roleid from pg_auth_members m join up on m.member = up.roleid)
             select g.rolname::text from up join pg_roles g on g.oid = up.roleid)
from pg_roles r where r.rolname !~ '^pg_';

-- name: sequences
select n.nspname::text, c.relname::text,
       exists (select from pg_roles where rolname = %(app)s) and has_sequence_privilege(%(app)s::name, c.oid, 'SELECT')
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S' and n.nspname !~ '^pg_';

-- name: views
select distinct n.nspname::text, v.relname::text, tn.nspname::text, t.relname::text
from pg_rewrite w join pg_class v on v.oid = w.ev_class join pg_namespace n on n.oid = v.relnamespace
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
where v.relkind in ('v', 'm') and t.oid <> v.oid and n.nspname !~ '^pg_' and n.nspname <> 'information_schema';
