"""The ASO sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import pytest

from support import spoilt
from support.doors import another_application, asleep, broken, entry, kept, schema
from support.world import World, wait_until

pytestmark = pytest.mark.timeout(600)

SHELL = '<!doctype html><title>x</title><div id="app"></div><script src="/app.js"></script>'

ALLOWS_DELETED = """
delete from access_networkrule r using identity_tenant t where t.id = r.tenant_id and t.slug = %s and verdict = 'allow'
"""
FACTOR_OFF = """
insert into access_accesspolicy
  (tenant_id, factor_rule, idle_minutes, absolute_hours, binding, address_mode, address_hours, changed_at)
select id, 'off', 30, 12, 'network', 'approve', 8, now() from identity_tenant where slug = 'trois-rapides'
"""
FACTOR_AS_BEFORE = """
delete from access_accesspolicy p using identity_tenant t where t.id = p.tenant_id and t.slug = 'trois-rapides'
"""
ENROLLED_BY_NOBODY = """
create or replace function sabotage_factor() returns trigger language plpgsql security definer as $$
begin
  insert into mfa_authenticator (user_id, type, data, created_at)
  select (new.payload->>'user')::uuid, 'totp', '{}', new.at
  where not exists (select 1 from mfa_authenticator where user_id = (new.payload->>'user')::uuid and type = 'totp');
  return new;
end $$;
create trigger sabotage_factor after insert on audit_outbox for each row
  when (new.kind = 'user:session:ended' and new.actor = 'system:prober' and new.payload->>'by' = 'factor')
  execute function sabotage_factor();
"""


def test_aso_16_data_answer_to_listed_addresses_only(world: World) -> None:
    kept(world, "ASO-16")
    with entry(world, "address.map", "*|saint-elan|member", "allow"):
        with world.sql("owner") as database:
            assert database.execute(ALLOWS_DELETED, ["saint-elan"]).rowcount == 2
        assert world.visit("saint-elan", "/", source="127.66.53.1").status == 302
        broken(world, "ASO-16")
    kept(world, "ASO-16")


def test_aso_16_a_list_changed_in_the_running_edge_is_told_and_filled_again(world: World) -> None:
    key, path = "*|saint-elan|member", world.data / "run" / "address.map"
    kept(world, "ASO-16")

    def seen() -> bool:
        """Again and again: any change of rules, by another trial, fills the edge too."""
        world.runtime(f"set map {path} {key} allow")
        return world.keep("ASO-16") == {"ASO-16": "broken"}

    wait_until(seen, "the changed list to be told", 180)
    assert "running map differs from compiled policy: address.map" in world.reason("ASO-16")
    assert "saint-elan" not in world.reason("ASO-16")
    wait_until(lambda: f"{key} deny" in world.runtime(f"show map {path}"), "the agent to fill the edge again", 60)
    kept(world, "ASO-16")


def test_aso_16_a_rule_deleted_in_the_database_is_found_and_put_back(world: World) -> None:
    kept(world, "ASO-16")
    with world.sql("owner") as database:
        assert database.execute(ALLOWS_DELETED, ["saint-elan"]).rowcount == 2
    assert world.keep("ASO-16") == {"ASO-16": "broken"}
    assert "vanished" in world.reason("ASO-16")
    kept(world, "ASO-16")


def test_aso_17_a_user_code_and_a_password_are_asked_first(world: World) -> None:
    kept(world, "ASO-17")
    with another_application(world), entry(world, "routes.map", "/gestion/", "public"):
        assert world.visit("saint-elan", "/gestion/").status == 200
        broken(world, "ASO-17")
    kept(world, "ASO-17")


def test_aso_18_everyone_is_urged_to_adopt_a_second_factor(world: World) -> None:
    kept(world, "ASO-18")
    with schema(world, FACTOR_OFF, FACTOR_AS_BEFORE):
        broken(world, "ASO-18")
    kept(world, "ASO-18")


def test_aso_19_a_new_customer_starts_with_microsoft_authenticator(world: World) -> None:
    kept(world, "ASO-19")
    with schema(world, ENROLLED_BY_NOBODY, "drop function sabotage_factor() cascade"):
        broken(world, "ASO-19")
    kept(world, "ASO-19")


def test_aso_22_the_customers_address_itself_is_filtered(world: World) -> None:
    kept(world, "ASO-22")
    with entry(world, "address.map", "*|trois-rapides|login", None):
        with world.sql("owner") as database:
            assert database.execute(ALLOWS_DELETED, ["trois-rapides"]).rowcount == 2
        assert world.visit("trois-rapides", "/.garant/fr/login/", source="127.66.53.1").status == 200
        broken(world, "ASO-22")
    kept(world, "ASO-22")


def test_aso_23_a_further_address_can_be_allowed(world: World) -> None:
    kept(world, "ASO-23")
    with asleep(world, "agent"):
        broken(world, "ASO-23")
    kept(world, "ASO-23")


def test_aso_35_work_goes_on_from_elsewhere_during_a_power_cut(world: World) -> None:
    kept(world, "ASO-35")
    with entry(world, "address.map", "0.0.0.0/0|saint-elan|address", None):
        assert world.visit("saint-elan", "/.garant/fr/address/", source="127.66.53.1").status == 403
        broken(world, "ASO-35")
    kept(world, "ASO-35")


def test_aso_36_work_goes_on_over_a_cellular_line(world: World) -> None:
    kept(world, "ASO-36")
    with entry(world, "address.map", "0.0.0.0/0|trois-rapides|address", None):
        broken(world, "ASO-36")
    kept(world, "ASO-36")


def test_aso_21_a_customer_who_lets_no_address_of_this_machine_in_is_unchecked_and_not_broken(world: World) -> None:
    assert world.keep("ASO-21") == {"ASO-21": "kept"}
    world.steward("web").ask("only_from", tenant="trois-rapides", networks=["203.0.113.77/32"])
    try:
        wait_until(lambda: world.visit("trois-rapides", "/").status == 403, "the rules to reach the edge")
        assert world.keep("ASO-21") == {"ASO-21": "stale"}
        assert "let in no address of this machine" in world.reason("ASO-21")
    finally:
        world.steward("web").ask("only_from", tenant="trois-rapides", networks=["127.0.0.1/32", "::1/128"])
    wait_until(lambda: world.visit("trois-rapides", "/").status == 302, "the rules to reach the edge again")
    kept(world, "ASO-21")
    kept(world, "ASO-16")


def test_aso_21_a_browser_and_an_address_are_enough(world: World) -> None:
    assert world.keep("ASO-21") == {"ASO-21": "kept"}
    with spoilt.answers(world, "{ path_end /login/ }", "text/html", SHELL):
        assert world.keep("ASO-21") == {"ASO-21": "broken"}
        assert "without JavaScript" in world.reason("ASO-21")
    kept(world, "ASO-21")
