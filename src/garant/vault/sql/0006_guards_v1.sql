-- What no statement of a process may undo: the epoch only grows, a destruction is final, an order begins unapproved and two people
-- move it. A ring changed by the owner (a migration) is not held by this, an order is, whoever writes it: restore orders with their
-- triggers disabled. The key log holds against both.
create function vault_ring_guard() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if (select relowner from pg_class where oid = tg_relid) = (select oid from pg_roles where rolname = current_user) then
    return new;
  end if;
  if new.epoch < old.epoch or new.tenant_id <> old.tenant_id then
    raise exception 'the epoch of an organisation''s keys only grows' using errcode = 'restrict_violation';
  end if;
  if old.state = 'destroyed' and new.state <> 'destroyed' then
    raise exception 'destroyed keys stay destroyed' using errcode = 'restrict_violation';
  end if;
  if new.state <> old.state and new.epoch = old.epoch then
    raise exception 'a change of state of an organisation''s keys begins a new epoch' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger vault_ring_guard before update on vault_ring for each row execute function vault_ring_guard();

create function vault_keyorder_guard() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'ordered' or new.approved_by <> '' or new.approved_at is not null or new.begun_at is not null then
      raise exception 'an order begins without approval' using errcode = 'restrict_violation';
    end if;
    return new;
  end if;
  if new.approved_by <> old.approved_by and not (old.state = 'ordered' and new.state = 'approved' and old.approved_by = '') then
    raise exception 'an order is approved once, while it waits for it' using errcode = 'restrict_violation';
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('ordered', 'approved'), ('approved', 'begun'), ('begun', 'done'), ('ordered', 'withdrawn'), ('approved', 'withdrawn'), ('begun', 'withdrawn')
  ) then
    raise exception 'an order that is % cannot become %', old.state, new.state using errcode = 'restrict_violation';
  end if;
  if new.state in ('approved', 'begun', 'done') and new.approved_by = '' then
    raise exception 'nobody approved this order' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger vault_keyorder_guard before insert or update on vault_keyorder for each row execute function vault_keyorder_guard();

revoke update on vault_ring from garant_edge;
