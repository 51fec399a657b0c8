-- Row isolation, once for every table of Garant.  Called by each area's migrations:
--   call garant_isolate('access_session');            rows of a tenant (column tenant_id)
--   call garant_platform('statement_verdict', 'garant_worker');   rows of the platform: all may read, the named roles write
--
-- Context of a transaction, set with its BEGIN: garant.tenant (uuid), garant.scope ('' or 'operator').
-- An empty setting after the transaction is '' and not NULL: hence nullif.

create function garant_tenant() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('garant.tenant', true), '')::uuid $$;

create function garant_operator() returns boolean language sql stable parallel safe
as $$ select current_setting('garant.scope', true) = 'operator' $$;

create procedure garant_isolate(target regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant on %s to garant_web, garant_worker using (tenant_id = garant_tenant())', target);
  execute format('create policy operator_reads on %s for select to garant_web using (garant_operator())', target);
  execute format('create policy worker_reads on %s for select to garant_worker using (garant_operator())', target);
  -- Under FORCE the owner sees nothing without a policy: data migrations need one.
  execute format('create policy owner on %s to garant_owner using (true) with check (true)', target);
end $$;

create procedure garant_platform(target regclass, variadic writers text[]) language plpgsql as $$
declare writer text;
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy everyone_reads on %s for select using (true)', target);
  execute format('create policy owner on %s to garant_owner using (true) with check (true)', target);
  foreach writer in array writers loop
    execute format('create policy writes_%s on %s to %I using (true) with check (true)', replace(writer, 'garant_', ''), target, writer);
  end loop;
end $$;
