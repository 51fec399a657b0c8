"""The French of bilingual values follows Québec's typography, wherever in the code it is written."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import garant

SOURCE = Path(garant.__file__).parent
NBSP = "\N{NO-BREAK SPACE}"
NOT_FRENCH = {"ERROR: permission denied"}
"""What a program prints is quoted as it is."""
FAULTS = re.compile(rf"\w'\w|[^{NBSP}\s\d/:h]:(?=\s|$)| :(?=\s|$)|« | »|\s[;!?](?=\s|$)|\.\.\.")


def test_french_in_the_code_has_no_break_spaces_and_typographic_apostrophes() -> None:
    texts = [(f"{module.relative_to(SOURCE)}:{line}", text) for module in SOURCE.rglob("*.py") for line, text in french(module)]
    assert len(texts) > 500
    assert [(where, text) for where, text in texts if FAULTS.search(text) and text not in NOT_FRENCH] == []


def test_the_faults_are_known() -> None:
    for text in ("l'heure", "fin: rien", "fin : rien", "« oui »", "fin ; rien", f"fin{NBSP}! ", "attendez..."):
        assert FAULTS.search(text), text
    for text in ("l’heure", f"fin{NBSP}: rien", f"«{NBSP}oui{NBSP}»", "fin; rien", "14:05", "https://x"):
        assert not FAULTS.search(text), text


def french(module: Path) -> Iterator[tuple[int, str]]:
    """Line and French of each `Text(…)`; what is put in at run time reads as one letter."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield node.lineno, str(first.value)
            elif isinstance(first, ast.JoinedStr):
                yield node.lineno, "".join(_part(each) for each in first.values)


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return NBSP if isinstance(node, ast.FormattedValue) and ast.unparse(node.value).endswith("NBSP") else "x"
