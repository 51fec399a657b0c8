"""The example of docs/statement.md is a statement that can be put in force as it stands."""

import re
from pathlib import Path

from garant.project.registry import registry
from garant.statement.policy.document import parse

GUIDE = Path(__file__).parents[3] / "docs" / "statement.md"


def test_the_example_of_the_guide_is_accepted_with_the_controls_that_exist() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    document = parse(example, name="maison.toml", controls=registry().keys())
    assert document.slug == "maison"
    assert [claim.id for claim in document.claims] == ["MAI-1", "MAI-2", "MAI-3"]
    assert [len(claim.promises) for claim in document.claims] == [1, 2, 0]
