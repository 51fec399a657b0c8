"""The Aster sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import shutil
from dataclasses import replace

import pytest

from support import places, spoilt
from support.bucket import bucket
from support.doors import kept
from support.registers import ELSEWHERE, HERE, QUEBEC, Book, Kept, Place, operational
from support.world import World

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
