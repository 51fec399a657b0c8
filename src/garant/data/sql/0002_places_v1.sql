-- The register and the report: everyone may read, the worker adds, nobody changes.
call garant_platform('data_places_version', 'garant_worker');
call garant_platform('data_places_report', 'garant_worker');
revoke update, delete, truncate on data_places_version, data_places_report from garant_web, garant_worker, garant_edge;

-- A placement: its organisation reads it, the operator alone writes it, in that organisation's transaction.
alter table data_placement enable row level security;
alter table data_placement force row level security;
create policy tenant_reads on data_placement for select to garant_web, garant_worker using (tenant_id = garant_tenant() or garant_operator());
create policy operator_adds on data_placement for insert to garant_web with check (tenant_id = garant_tenant() and garant_operator());
create policy operator_changes on data_placement for update to garant_web
  using (tenant_id = garant_tenant() and garant_operator()) with check (tenant_id = garant_tenant() and garant_operator());
create policy owner on data_placement to garant_owner using (true) with check (true);
revoke delete, truncate on data_placement from garant_web, garant_worker, garant_edge;
revoke insert, update on data_placement from garant_worker, garant_edge;
