-- Whether the tenant of a host was made for probing, and what it chose of sealing, are known with its other facts.
drop function identity_tenant_of_host(text);
create function identity_tenant_of_host(asked text)
  returns table (id uuid, slug text, name text, operator boolean, language text, zone text, suspended boolean, canary boolean, sealing boolean)
  language sql stable security definer set search_path = public, pg_temp
as $$ select id, slug, name, operator, language, zone, suspended, canary, sealing from identity_tenant where host = lower(asked) $$;
revoke all on function identity_tenant_of_host(text) from public;
grant execute on function identity_tenant_of_host(text) to garant_web, garant_worker, garant_edge;
