-- Statements, evidence and verdicts: all may read, the worker adds, nobody rewrites.
-- Two locks, since each has a gap alone: grants and policies bind the roles of processes, triggers bind the owner of the tables too.
call garant_platform('statement_statement', 'garant_worker');
call garant_platform('statement_version', 'garant_worker');
call garant_platform('statement_evidence', 'garant_worker');
call garant_platform('statement_measure_verdict', 'garant_worker');
call garant_platform('statement_claim_interval', 'garant_worker');
call garant_platform('statement_exception', 'garant_worker');

revoke insert, update, delete, truncate on
  statement_statement, statement_version, statement_evidence, statement_measure_verdict, statement_claim_interval, statement_exception
  from garant_web, garant_edge;
revoke update, delete, truncate on
  statement_statement, statement_version, statement_evidence, statement_measure_verdict, statement_claim_interval, statement_exception
  from garant_worker;
grant update (ended_at) on statement_claim_interval to garant_worker;

create function statement_refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception '% of % refused: what was recorded is never rewritten', lower(tg_op), tg_table_name using errcode = 'insufficient_privilege';
end $$;

create function statement_close_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.ended_at is null and new.ended_at is not null
     and to_jsonb(new) - 'ended_at' = to_jsonb(old) - 'ended_at' then
    return new;
  end if;
  raise exception '% of % refused: an interval is closed once, and never rewritten', lower(tg_op), tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

create trigger append_only before update or delete on statement_version for each row execute function statement_refuse_rewriting();
create trigger append_only before update or delete on statement_evidence for each row execute function statement_refuse_rewriting();
create trigger append_only before update or delete on statement_measure_verdict for each row execute function statement_refuse_rewriting();
create trigger append_only before update or delete on statement_exception for each row execute function statement_refuse_rewriting();
create trigger append_only before update or delete on statement_claim_interval for each row execute function statement_close_only();
