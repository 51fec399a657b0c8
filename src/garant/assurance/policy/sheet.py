"""A style sheet that Chrome 40, Firefox 35 and Safari 7 understand: a positive list of properties, values, selectors and at-rules.

A sheet that is empty or that cannot be read is a fault, not a success. The second sheet (all of it inside `@supports`, which those
browsers skip) is not judged by this list.
"""

import re

_PROPERTIES = """
    margin margin-top margin-right margin-bottom margin-left padding padding-top padding-right padding-bottom padding-left border border-top
    border-right border-bottom border-left border-color border-width border-style border-radius border-collapse border-spacing color
    border-top-color border-right-color border-bottom-color border-left-color border-top-width border-bottom-width border-left-width
    border-right-width border-top-style border-bottom-style border-left-style border-right-style caption-side font-style text-indent
    background background-color font font-size font-family font-weight line-height text-align text-decoration text-transform white-space
    word-wrap overflow-wrap vertical-align width min-width max-width height min-height max-height float clear display position top right
    bottom left z-index overflow overflow-x overflow-y content outline outline-offset cursor list-style list-style-type box-sizing
    -webkit-box-sizing -moz-box-sizing -webkit-text-size-adjust -webkit-overflow-scrolling fill stroke stroke-width opacity visibility
    table-layout letter-spacing word-break clip page-break-inside page-break-after page-break-before -webkit-appearance -moz-appearance
"""
PROPERTIES = frozenset(_PROPERTIES.split())
BAD_WORDS = frozenset(
    ("grid", "flex", "inline-flex", "sticky", "contents", "flow-root", "fit-content", "max-content", "min-content", "unset", "revert")
)
BAD_FUNCTIONS = frozenset(("var", "clamp", "min", "max", "env", "color-mix", "oklch", "oklab", "hwb", "is", "where", "minmax"))
BAD_UNITS = ("dvh", "svh", "lvh", "cqw", "lh", "ch", "vw", "vh", "vmin", "vmax")
BAD_SELECTORS = (":has", ":is(", ":where(", ":focus-visible", ":focus-within", ":any-link", "::part", "&")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
UNIT = re.compile(rf"(?<![\w.#-])-?\d*\.?\d+({'|'.join(BAD_UNITS)})\b")


def faults(sheet: str) -> tuple[str, ...]:
    """What those browsers would not understand, each with its line; empty when they understand all of it."""
    plain = STRING.sub('""', COMMENT.sub(lambda found: "\n" * found.group().count("\n"), sheet))
    if not plain.strip():
        return ("the sheet is empty",)
    found: list[str] = []
    end = _rules(plain, 0, found, nested=False)
    if plain[end:].strip():
        found.append(f"line {plain.count(chr(10), 0, end) + 1}: a brace too many")
    return tuple(found)


def skipped_by_old_browsers(sheet: str) -> bool:
    """Whether all of the sheet stands inside one `@supports (display: grid)`, which none of the three understands."""
    plain = STRING.sub('""', COMMENT.sub("", sheet)).strip()
    if not re.match(r"@supports\s*\(\s*display\s*:\s*grid\s*\)", plain):
        return False
    depth = 0
    for at, letter in enumerate(plain):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "}" and depth == 0:
            return at == len(plain) - 1
    return False


def _rules(text: str, at: int, found: list[str], *, nested: bool) -> int:
    """Read rules from `at` to the end, or to the brace that closes the block; returns where it stopped."""
    while True:
        opened, closed = text.find("{", at), text.find("}", at)
        if closed != -1 and (opened == -1 or closed < opened):
            return closed + 1 if nested else closed
        if opened == -1:
            if nested or text[at:].strip(" \t\r\n;"):
                found.append("the sheet ends in the middle of a rule")
            return len(text)
        line = text.count("\n", 0, opened) + 1
        prelude = _statements(text[at:opened].strip(), line, found)
        found += _at_rule(prelude, line)
        if prelude.startswith("@media"):
            at = _rules(text, opened + 1, found, nested=True)
            continue
        found += [f"line {line}: selector {word}" for word in BAD_SELECTORS if word in prelude]
        end = text.find("}", opened)
        if end == -1 or "{" in text[opened + 1 : end]:
            found.append(f"line {line}: a rule inside a rule, or one that never ends")
            return len(text)
        found += _declarations(text[opened + 1 : end], line)
        at = end + 1


def _statements(prelude: str, line: int, found: list[str]) -> str:
    """Read statements without a block (@charset, @import) off what stands before a brace; returns the rest."""
    while prelude.startswith("@") and ";" in prelude:
        statement, _, prelude = (part.strip() for part in prelude.partition(";"))
        if not statement.startswith("@charset"):
            found.append(f"line {line}: {statement.split()[0]}")
    return prelude


def _at_rule(prelude: str, line: int) -> list[str]:
    """What old engines would not know of an at-rule; nothing for a selector."""
    if prelude.startswith(("@media", "@page")):
        return [f"line {line}: {prelude}"] if any(word in prelude for word in ("prefers-", ">", "<")) else []
    return [f"line {line}: {prelude.split()[0]}"] if prelude.startswith("@") else []


def _declarations(block: str, line: int) -> list[str]:
    found = []
    for declaration in filter(str.strip, block.split(";")):
        property_, _, value = (part.strip().lower() for part in declaration.partition(":"))
        if property_ not in PROPERTIES:
            found.append(f"line {line}: property {property_[:60]}")
        found += [f"line {line}: value {property_}: {word}" for word in re.findall(r"[a-z-]+", value) if word in BAD_WORDS]
        found += [f"line {line}: function {word}()" for word in re.findall(r"([a-z-]+)\(", value) if word in BAD_FUNCTIONS]
        found += [f"line {line}: unit {unit}" for unit in UNIT.findall(value)]
    return found
