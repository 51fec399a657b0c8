"""The Aster sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import shutil
from dataclasses import replace

import pytest

from support import places, sealing, spoilt
from support.bucket import bucket
from support.doors import broken, in_place_of, kept, schema
from support.registers import ELSEWHERE, HERE, QUEBEC, Book, Kept, Place, operational
from support.world import World, wait_until

pytestmark = pytest.mark.timeout(600)

QUEBEC_AWAY = replace(QUEBEC, machines=ELSEWHERE, network="127.46.0.0/16")


def test_ast_10_users_reach_the_service_with_a_web_browser(world: World) -> None:
    assert world.keep("AST-10") == {"AST-10": "kept"}
    with spoilt.answers(world, "{ path_beg /.garant/ }", "application/pdf", "%PDF-1.4"):
        assert world.keep("AST-10") == {"AST-10": "broken"}
    kept(world, "AST-10")


def test_ast_51_the_backup_space_lies_in_france(world: World) -> None:
    """Stand-in for an object store: moto's server, which says in which region a bucket is; the name leads to it on the loopback."""
    with bucket("eu-west-3") as (endpoint, secret):
        roubaix = Place("roubaix", "Roubaix", "FR-59", "FR", machines=HERE)
        more = f'location = "eu-west-3"\nendpoint = "{endpoint}"'
        backup = Kept("backup", "backup", "roubaix", "s3://sauvegardes", more=more)
        book = Book([roubaix, QUEBEC_AWAY], [*operational("roubaix"), backup], 'CA = ["region-roubaix"]\nFR = ["region-roubaix"]')
        keys = world.data / "secrets" / "store-backup"
        keys.touch(0o640)
        shutil.chown(keys, group=(world.data / "secrets" / "django").stat().st_gid)
        keys.write_text(secret, encoding="ascii")
        with world.places(book):
            places.attested(world, "AST-51")
        with world.places(book.store("backup", more=more.replace('location = "eu-west-3"', 'location = "eu-west-1"'))):
            places.broken(world, "AST-51", "Backup says that it is in eu-west-3, the register says eu-west-1")
        with world.places(book.store("backup", site="quebec", address="local:/var/backups/garant", more="")):
            places.broken(world, "AST-51", "backup is in CA; the sentence says FR")
            said = world.steward("web").ask("require_target", tenant="saint-elan", store="backup", categories=["user"])
            assert said.startswith("refused: backup is in the region region-quebec (CA)")
        with world.places(book):
            places.attested(world, "AST-51")


def test_ast_47_sensitive_data_are_under_aes_256(world: World) -> None:
    """In clear in a file of the application, in clear in a sealed column, under another's key, and a key beside what it opens."""
    kept(world, "AST-47")
    log = world.data / "sondage" / "debug.log"
    with in_place_of(world, "app.sock", sealing.talkative(world)):
        broken(world, "AST-47")
        assert "the canary is in clear in the application’s files" in world.reason("AST-47")
    log.unlink()
    with sealing.another_value(world, "saint-elan", sealing.in_clear):
        broken(world, "AST-47")
        assert "surveys_survey.introduction is no envelope" in world.reason("AST-47")
    with sealing.another_value(world, "saint-elan", sealing.of_another("trois-rapides")):
        broken(world, "AST-47")
        assert "surveys_survey.introduction names another’s key" in world.reason("AST-47")
    with sealing.key_in_database(world):
        broken(world, "AST-47")
        assert "a wrapping key is in a dump of the database" in world.reason("AST-47")
    kept(world, "AST-47")


def test_ast_48_where_it_was_chosen(world: World) -> None:
    """What an organisation that chose no sealing keeps in clear breaks nothing; where nobody chose it, nothing is claimed."""
    chosen = "update identity_tenant set sealing = true"
    kept(world, "AST-48")
    with sealing.another_value(world, "saint-elan", sealing.in_clear):
        broken(world, "AST-48")
        with schema(world, "update identity_tenant set sealing = false where slug = 'saint-elan'", chosen):
            kept(world, "AST-48")
            assert world.reason("AST-48").endswith("1 customer chose to do without.")
            with schema(world, "update identity_tenant set sealing = false where not operator and not canary", "select 1"):
                wait_until(lambda: world.keep("AST-48")["AST-48"] not in ("kept", "broken"), "nothing to be claimed", 120, 4.0)
                assert world.reason("AST-48") == "No customer chose sealing."
    kept(world, "AST-48")
