"""The EngagementHQ sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from garant.data.engines.stores import Engines
from garant.data.policy import map_judges
from garant.data.promises.map import ENGINE
from garant.kernel.promise import Keeper, Promise
from garant.kernel.verdicts import State
from support import engines, objects, places, sealing, spoilt
from support.doors import another_application, broken, entry, kept, schema
from support.registers import HERE, VIRGINIE, Book, Kept, Place, operational
from support.stores import buckets_at, seen, stores_at
from support.tls import Authority
from support.world import BASE, World, wait_until

pytestmark = pytest.mark.timeout(600)

NO_ADMINISTRATOR = """
create function sabotage_admin() returns trigger language plpgsql security definer as $$
begin delete from identity_roleassignment where id = new.id; return null; end $$;
create trigger sabotage_admin after insert on identity_roleassignment for each row
  when (new.role = 'admin') execute function sabotage_admin();
"""


def test_ehq_23_access_obeys_strict_rules(world: World) -> None:
    kept(world, "EHQ-23")
    with another_application(world), entry(world, "routes.map", "/gestion/", "member"):
        broken(world, "EHQ-23")
    kept(world, "EHQ-23")


def test_ehq_27_unique_credentials_follow_each_persons_responsibilities(world: World) -> None:
    kept(world, "EHQ-27")
    drop = "alter table identity_user drop constraint identity_login_unique_in_tenant"
    with schema(world, drop, "alter table identity_user add constraint identity_login_unique_in_tenant unique (tenant_id, login_key)"):
        broken(world, "EHQ-27")
    kept(world, "EHQ-27")


def test_ehq_45_customers_run_access_themselves(world: World) -> None:
    kept(world, "EHQ-45")
    with schema(world, NO_ADMINISTRATOR, "drop function sabotage_admin() cascade"):
        broken(world, "EHQ-45")
    kept(world, "EHQ-45")


CBC = "ssl-default-bind-ciphers ECDHE-ECDSA-AES128-SHA256:"


def test_ehq_28_a_certificate_protects_the_site(world: World, tmp_path: Path) -> None:
    assert world.keep("EHQ-28") == {"EHQ-28": "kept"}
    with spoilt.certificate(world, expired(world, tmp_path)):
        assert world.keep("EHQ-28") == {"EHQ-28": "broken"}
        assert "expired" in world.reason("EHQ-28")
    kept(world, "EHQ-28")


def test_ehq_65_accessibility_is_measured_in_part_and_never_called_kept(world: World) -> None:
    assert world.keep("EHQ-65") == {"EHQ-65": "unproven"}
    with spoilt.sheet(world, "p, a, li, td, label { color: #ddd; background: #fff }"):
        assert world.keep("EHQ-65") == {"EHQ-65": "broken"}
        assert "color-contrast" in world.reason("EHQ-65")
    assert world.keep("EHQ-65") == {"EHQ-65": "unproven"}


def test_ehq_71_the_layout_suits_any_screen(world: World) -> None:
    assert world.keep("EHQ-71") == {"EHQ-71": "kept"}
    with spoilt.sheet(world, "h1 { width: 700px }"):
        assert world.keep("EHQ-71") == {"EHQ-71": "broken"}
        assert "@ 320" in world.reason("EHQ-71")
    kept(world, "EHQ-71")


def test_ehq_72_a_phone_offers_what_a_desktop_offers(world: World) -> None:
    assert world.keep("EHQ-72") == {"EHQ-72": "kept"}
    behind = 'form[action$="/journal/export.csv"] button'
    with spoilt.sheet(world, f"@media (max-width: 500px) {{ {behind} {{ display: none !important }} }}"):
        assert world.keep("EHQ-72") == {"EHQ-72": "broken"}
        assert "/console/journal/ (320: button × 1)" in world.reason("EHQ-72")
    kept(world, "EHQ-72")


@pytest.mark.parametrize("claim", ["EHQ-73", "EHQ-74", "EHQ-75"])
def test_ehq_73_to_75_a_stand_in_never_makes_a_browser_s_sentence_kept(world: World, claim: str) -> None:
    assert world.keep(claim) == {claim: "unproven"}
    with spoilt.sheet(world, "main { display: grid; gap: 1rem }"):
        assert world.keep(claim) == {claim: "broken"}
        assert "display: grid" in world.reason(claim)
    assert world.keep(claim) == {claim: "unproven"}


def test_ehq_76_the_tls_profile_decides_whether_safari_7_can_connect(world: World) -> None:
    assert world.keep("EHQ-76", "INT-50") == {"EHQ-76": "broken", "INT-50": "kept"}
    assert "intermediate" in world.reason("EHQ-76")
    assert "Safari 7" in world.reason("EHQ-76")
    with spoilt.configuration(world, ("ssl-default-bind-ciphers ", CBC)):
        assert world.keep("EHQ-76", "INT-50") == {"EHQ-76": "unproven", "INT-50": "broken"}
    kept(world, "INT-50")
    assert world.keep("EHQ-76") == {"EHQ-76": "broken"}


def expired(world: World, directory: Path) -> Path:
    """A certificate of the deployment's own authority, over since yesterday."""
    signer = serialization.load_pem_private_key((world.data / "tls" / "ca.key").read_bytes(), None)
    issuer = x509.load_pem_x509_certificate(world.authority.read_bytes())
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    return Authority(directory / "ca", held=(signer, issuer)).leaf(directory / "expired.pem", (BASE, f"*.{BASE}"), days=-1)


HOMES = {
    "EHQ-47": ("AU", "aws-ap-southeast-2", Place("sydney", "Sydney", "AU-NSW", "AU")),
    "EHQ-48": ("NZ", "aws-ap-southeast-2", Place("sydney", "Sydney", "AU-NSW", "AU")),
    "EHQ-49": ("CA", "aws-ca-central-1", Place("montreal", "Montréal", "CA-QC", "CA")),
    "EHQ-50": ("GB", "aws-eu-west-2", Place("london", "London", "GB-LND", "GB")),
    "EHQ-51": ("US", "aws-us-west-1", Place("california", "San Francisco", "US-CA", "US")),
}


def hosted(world: World, claim: str) -> None:
    """Seen attested; then a contract that would let a customer's data go elsewhere, then a database elsewhere; mended each time."""
    country, region, place = HOMES[claim]
    home = replace(place, key_of_region=region, machines=HERE, provider="Amazon Web Services")
    book = Book([home, VIRGINIE], operational(home.key), f'{country} = ["{region}"]')
    away = replace(book, countries=f'{country} = ["{region}", "region-ashburn"]')
    with world.places(book, saint_elan=country):
        places.attested(world, claim)
        with world.sql("owner") as database:
            changed = "update data_placement set regions = %s::jsonb where country = %s"
            database.execute(changed, ['["region-ashburn"]', country])
            places.broken(world, claim, "outside the promised region")
            database.execute(changed, ["[]", country])
        places.attested(world, claim)
        world.steward("worker").ask("places", text=away.store("database", site="ashburn", address="tcp://127.77.0.5:5432").toml())
        places.broken(world, claim)
        world.steward("worker").ask("places", text=book.with_store(Kept("dump", "backup", "ashburn", "sftp://127.77.0.9/x")).toml())
        said = world.steward("web").ask("require_target", tenant="saint-elan", store="dump", categories=["user"])
        assert said.startswith("refused: dump is in the region region-ashburn (US)")
        places.broken(world, claim, f"dump is in region-ashburn; the sentence says {region}")
        world.steward("worker").ask("places", text=book.toml())
        places.attested(world, claim)


def test_ehq_47_australian_customers_are_in_sydney(world: World) -> None:
    hosted(world, "EHQ-47")


def test_ehq_48_new_zealand_customers_are_in_sydney_by_the_map(world: World) -> None:
    assert world.keep("EHQ-48")["EHQ-48"] == "unproven", "nobody is of that country"
    hosted(world, "EHQ-48")


def test_ehq_49_canadian_customers_are_in_canada_central(world: World) -> None:
    hosted(world, "EHQ-49")


def test_ehq_50_customers_of_the_united_kingdom_are_in_london(world: World) -> None:
    hosted(world, "EHQ-50")


def test_ehq_51_customers_of_the_united_states_are_in_northern_california(world: World) -> None:
    hosted(world, "EHQ-51")


def test_ehq_30_data_are_in_mysql_at_the_provider_that_is_named(world: World, tmp_path: Path) -> None:
    """The demonstration keeps its data in PostgreSQL. A MySQL at Amazon cannot run here: a stand-in that greets as MySQL, under a name of
    the provider's shape, shows the sentence kept; a real MariaDB behind the same name breaks it, and so does another name."""
    assert world.keep("EHQ-30") == {"EHQ-30": "broken"}
    assert "PostgreSQL" in world.reason("EHQ-30")
    promise = Promise("data.engine", {"kinds": ["database"], "engine": "mysql", "host_ends": ".rds.localhost"})
    with engines.serving(engines.mysql, first=True) as port:
        runs, keeper = stores_at(tmp_path, [("main", "database", f"mysql://ours.ca-central-1.rds.localhost:{port}")])
        assert seen(runs, promise, keeper).state is State.KEPT
        _, elsewhere = stores_at(tmp_path, [("main", "database", f"mysql://ours.localhost:{port}")])
        found = seen(runs, promise, elsewhere)
        assert (found.state, "not at the named provider" in found.reason.en) == (State.BROKEN, True)
        _, keeper = stores_at(tmp_path, [("main", "database", f"mysql://ours.ca-central-1.rds.localhost:{port}")])
    with engines.mariadb(tmp_path / "m", port):
        assert seen(runs, promise, keeper).state is State.BROKEN
    with engines.serving(engines.mysql, first=True, port=port):
        assert seen(runs, promise, keeper).state is State.KEPT


def test_ehq_31_attachments_are_in_s3_and_closed_to_strangers(world: World, tmp_path: Path) -> None:
    """The demonstration keeps its documents in files. A server of moto stands in for Amazon S3: the bucket is seen closed, its access list
    and its policy are opened, seen open, and closed again."""
    assert world.keep("EHQ-31") == {"EHQ-31": "broken"}
    promise = Promise("data.objects_closed")
    with objects.store() as held:
        runs, keeper = buckets_at(tmp_path, held.where, held.credentials)
        assert seen(runs, promise, keeper).state is State.KEPT
        with held.listed_for_everybody():
            assert seen(runs, promise, keeper).state is State.BROKEN
        assert seen(runs, promise, keeper).state is State.KEPT
        with held.object_for_everybody():
            found = seen(runs, promise, keeper)
            assert (found.state, "an object" in found.reason.en) == (State.BROKEN, True)
        assert seen(runs, promise, keeper).state is State.KEPT
        engine = Promise("data.engine", {"kinds": ["files", "objects"], "either": True, "engine": "s3"})
        runs, _ = buckets_at(tmp_path, held.where, held.credentials)
        on_the_map = seen(runs, engine, Keeper(ENGINE, Engines({}, tmp_path / "garant-map.yaml"), map_judges.engine))
        assert (on_the_map.state, "nothing has seen it" in on_the_map.reason.en) == (State.UNPROVEN, True)
        runs, blind = buckets_at(tmp_path, held.where, None)
        assert seen(runs, promise, blind).state is State.UNPROVEN, "without a right to read, no object was asked for"


def test_ehq_32_aes_256_gcm_on_all_data_is_never_called_kept(world: World) -> None:
    """What is sealed is measured and breaks when it is not; the rest of the database is a part that nothing measures."""
    wait_until(lambda: world.keep("EHQ-32") == {"EHQ-32": "unproven"}, "the rest to be unproven", 180, 4.0)
    assert "Only the columns that the data map marks" in world.reason("EHQ-32")
    with sealing.another_value(world, "saint-elan", sealing.in_clear):
        broken(world, "EHQ-32")
    wait_until(lambda: world.keep("EHQ-32") == {"EHQ-32": "unproven"}, "the sealed part to be mended", 180, 4.0)
