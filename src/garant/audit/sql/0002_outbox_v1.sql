-- The outbox may be added to by every process, and read by a tenant (its own) or the operator; never changed by any of them.
alter table audit_outbox enable row level security;
alter table audit_outbox force row level security;
create policy appends on audit_outbox for insert to garant_web, garant_worker, garant_edge
  with check (tenant_id is null or tenant_id = garant_tenant() or garant_operator() or current_user = 'garant_edge');
create policy tenant_reads on audit_outbox for select to garant_web, garant_worker
  using (tenant_id = garant_tenant() or garant_operator());
-- INSERT ... RETURNING needs the new row to be visible: rows without a tenant are the platform's own.
create policy platform_reads on audit_outbox for select to garant_web, garant_worker using (tenant_id is null);
create policy edge_reads on audit_outbox for select to garant_edge using (true);
create policy owner on audit_outbox to garant_owner using (true) with check (true);
revoke update, delete, truncate on audit_outbox from garant_web, garant_worker, garant_edge;
