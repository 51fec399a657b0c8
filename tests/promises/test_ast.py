"""The Aster sentences on a running deployment: seen kept, broken behind Garant's back, seen broken, mended, seen kept again."""

import pytest

from support import spoilt
from support.doors import kept
from support.world import World

pytestmark = pytest.mark.timeout(600)


def test_ast_10_users_reach_the_service_with_a_web_browser(world: World) -> None:
    assert world.keep("AST-10") == {"AST-10": "kept"}
    with spoilt.answers(world, "{ path_beg /.garant/ }", "application/pdf", "%PDF-1.4"):
        assert world.keep("AST-10") == {"AST-10": "broken"}
    kept(world, "AST-10")
