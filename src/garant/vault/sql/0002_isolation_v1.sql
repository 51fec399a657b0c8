-- Keys are rows of their tenant, and of nobody else: no reading by the operator's scope, no process deletes one.
create procedure pg_temp.vault_keys(target regclass) language plpgsql as $$
begin
  execute format('call garant_isolate(%L)', target);
  execute format('drop policy operator_reads on %s', target);
  execute format('drop policy worker_reads on %s', target);
  execute format('revoke delete, truncate on %s from garant_web, garant_worker, garant_edge', target);
end $$;
call pg_temp.vault_keys('vault_ring');
call pg_temp.vault_keys('vault_datakey');
