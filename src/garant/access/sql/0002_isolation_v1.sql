-- Sessions, choices, counters and invitations belong to a tenant.
call garant_isolate('access_session');
call garant_isolate('access_accesspolicy');
call garant_isolate('access_totpcounter');
call garant_isolate('access_invitation');

-- The login library's tables have no tenant column: a row belongs to the tenant of its person.  The inner select runs under
-- identity_user's own policies, so it sees the people of the transaction's tenant only (and, for reads, the operator's scope).
create function garant_person_is_ours(person uuid) returns boolean language sql stable
as $$ select exists (select 1 from identity_user where id = person and tenant_id = garant_tenant()) $$;

create procedure garant_isolate_by_person(target regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant on %s to garant_web, garant_worker using (garant_person_is_ours(user_id)) with check (garant_person_is_ours(user_id))', target);
  execute format('create policy operator_reads on %s for select to garant_web, garant_worker using (garant_operator())', target);
  execute format('create policy owner on %s to garant_owner using (true) with check (true)', target);
end $$;

call garant_isolate_by_person('mfa_authenticator');
call garant_isolate_by_person('account_emailaddress');

-- Reached through the address that it confirms; the product does not use it (no sign-up), and nobody but the owner may.
alter table account_emailconfirmation enable row level security;
alter table account_emailconfirmation force row level security;
create policy owner on account_emailconfirmation to garant_owner using (true) with check (true);
