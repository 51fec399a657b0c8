"""The EngagementHQ sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import spoilt
from support.doors import another_application, broken, entry, kept, schema
from support.tls import Authority
from support.world import BASE, World

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
