-- The edge serves every tenant: garant_edge sees all rows of these tables, and of no other area's but the tenants' names and hosts.
-- A tenant sees its own rows and may not change what the edge has seen.

-- revocations: a tenant revokes its own; without a tenant only the operator does.
alter table edge_revocation enable row level security;
alter table edge_revocation force row level security;
create policy tenant on edge_revocation to garant_web, garant_worker using (tenant_id = garant_tenant()) with check (tenant_id = garant_tenant());
create policy operator on edge_revocation to garant_web, garant_worker using (garant_operator()) with check (garant_operator());
create policy edge on edge_revocation to garant_edge using (true) with check (true);
create policy owner on edge_revocation to garant_owner using (true) with check (true);

call garant_isolate('edge_policy');
create policy edge on edge_policy for select to garant_edge using (true);
create sequence edge_policy_version;
grant usage on sequence edge_policy_version to garant_web, garant_worker;

call garant_platform('edge_denied', 'garant_worker');
create policy operator on edge_denied to garant_web using (garant_operator()) with check (garant_operator());
call garant_platform('edge_edge', 'garant_edge');

alter table edge_applied enable row level security;
alter table edge_applied force row level security;
create policy tenant_reads on edge_applied for select to garant_web, garant_worker using (tenant_id = garant_tenant() or garant_operator());
create policy edge on edge_applied to garant_edge using (true) with check (true);
create policy owner on edge_applied to garant_owner using (true) with check (true);

alter table edge_journalline enable row level security;
alter table edge_journalline force row level security;
create policy tenant_reads on edge_journalline for select to garant_web, garant_worker using (tenant_id = garant_tenant() or garant_operator());
create policy edge on edge_journalline to garant_edge using (true) with check (true);
create policy owner on edge_journalline to garant_owner using (true) with check (true);

call garant_platform('edge_loss', 'garant_edge');
revoke insert, update, delete, truncate on edge_journalline, edge_loss, edge_edge, edge_applied from garant_web, garant_worker;

-- The agent and the collector: these tables, the list of tenants, the outbox; nothing else.
grant usage on schema public to garant_edge;
grant select on identity_tenant, edge_policy, edge_denied to garant_edge;
grant select, insert, update, delete on edge_revocation, edge_edge, edge_applied, edge_journalline, edge_loss to garant_edge;
grant usage, select on all sequences in schema public to garant_edge;

-- Milliseconds of the one clock that decisions and revocations share.
create function edge_clock_ms() returns bigint language sql volatile
as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;
