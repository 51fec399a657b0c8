"""Rules of the layout that import-linter cannot say for every area at once."""

import grimp
import pytest

GRAPH = grimp.build_graph("garant")
OPEN = {f"garant.{name}" for name in ("kernel", "sdk", "drivers", "project", "web")}
PUBLIC = {"service", "promises", "queries"}


@pytest.mark.parametrize(
    "area", sorted(child for child in GRAPH.find_children("garant") if child not in OPEN and child != "garant.__main__")
)
def test_an_area_is_entered_by_its_public_modules_only(area: str) -> None:
    """What other areas may import: service, promises, queries. Only the composition root enters where it likes."""
    strangers = {
        f"{importer} -> {module}"
        for module in GRAPH.find_descendants(area)
        if module.split(".")[2] not in PUBLIC
        for importer in GRAPH.find_modules_that_directly_import(module)
        if not importer.startswith((f"{area}.", "garant.project"))
    }
    assert strangers == set()
