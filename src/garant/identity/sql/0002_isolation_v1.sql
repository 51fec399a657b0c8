-- A tenant sees itself; the operator and the processes that serve all tenants see the list.  Host names are routing data.
alter table identity_tenant enable row level security;
alter table identity_tenant force row level security;
create policy self on identity_tenant to garant_web using (id = garant_tenant() or garant_operator()) with check (garant_operator());
create policy listed on identity_tenant for select to garant_worker, garant_edge using (true);
create policy owner on identity_tenant to garant_owner using (true) with check (true);

call garant_isolate('identity_user');
call garant_isolate('identity_roleassignment');

-- Which tenant answers for a host: asked before any context exists, tells nothing else.
create function identity_tenant_of_host(asked text)
  returns table (id uuid, slug text, name text, operator boolean, language text, zone text, suspended boolean)
  language sql stable security definer set search_path = public, pg_temp
as $$ select id, slug, name, operator, language, zone, suspended from identity_tenant where host = lower(asked) $$;
revoke all on function identity_tenant_of_host(text) from public;
grant execute on function identity_tenant_of_host(text) to garant_web, garant_worker, garant_edge;
