"""The messages that the code asks for: from Python by its syntax tree, from templates by Django's own reader of them."""

import ast
import re
from pathlib import Path

from django.utils.translation.template import templatize

NAMES = {"_": 0, "gettext": 0, "gettext_lazy": 0, "gettext_noop": 0, "ngettext": 0, "ngettext_lazy": 0, "pgettext": 1, "pgettext_lazy": 1}
IN_TEMPLATE = re.compile(r"\b(n?p?gettext|pgettext)\(\s*(.*?)\)\s", re.DOTALL)


def extracted(root: Path) -> set[tuple[str, str]]:
    """(context, message) of every call below `root`; context is empty for most."""
    found: set[tuple[str, str]] = set()
    for path in root.rglob("*.py"):
        found |= _python(path)
    for path in root.glob("*/templates/**/*.html"):
        found |= _template(path)
    return found


def _python(path: Path) -> set[tuple[str, str]]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            place = NAMES[node.func.id]
            if len(words) > place:
                found.add((words[0] if place else "", words[place]))
    return found


def _template(path: Path) -> set[tuple[str, str]]:
    found = set()
    for name, inside in IN_TEMPLATE.findall(templatize(path.read_text(encoding="utf-8"), origin=str(path)) + " "):
        words = re.findall(r"u?(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", inside)
        values = [ast.literal_eval(word) for word in words]
        if values:
            found.add((values[0], values[1]) if name.startswith(("pgettext", "npgettext")) else ("", values[0]))
    return found
