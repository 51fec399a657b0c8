"""Checks that `garant test` runs and no library has: catalogues that are whole.

python -m garant.project.checks translations

Source texts are English. The French catalogue must hold every one of them, translated; a fuzzy entry is an entry that nobody has read,
and is refused. Both sides name the same placeholders, else a page would fail only in one language. `fr_FR` holds what differs from Québec.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

from garant.project.provision import SOURCES

LOCALE = SOURCES / "garant" / "locale"
WHOLE = ("fr",)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
MARKED = re.compile(r"""(?:\b(?:gettext|gettext_lazy|_)\(|\{%\s*(?:translate|trans)\s)\s*(["'])((?:\\.|(?!\1).)+)\1""")


def mistakes(locale: Path = LOCALE) -> Iterator[str]:
    """Everything that is wrong with the catalogues below `locale`, one sentence each."""
    catalogues = {path.parents[1].name: polib.pofile(str(path)) for path in sorted(locale.glob("*/LC_MESSAGES/*.po"))}
    for language in WHOLE:
        if language not in catalogues:
            yield f"{locale}: there is no catalogue for {language}"
    texts = {(entry.msgctxt, entry.msgid) for held in catalogues.values() for entry in held if not entry.obsolete}
    for language, held in catalogues.items():
        known = {(entry.msgctxt, entry.msgid): entry for entry in held if not entry.obsolete}
        if language in WHOLE:
            for context, text in sorted(texts - known.keys(), key=str):
                yield f"{language}: {text!r}{f' ({context})' if context else ''} is missing"
        for entry in known.values():
            yield from _of_entry(language, entry, must_be_whole=language in WHOLE)


def _of_entry(language: str, entry: "polib.POEntry", *, must_be_whole: bool) -> Iterator[str]:
    if entry.fuzzy:
        yield f"{language}: {entry.msgid!r} is fuzzy: read it again and take the mark away"
    forms = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if must_be_whole and not all(forms):
        yield f"{language}: {entry.msgid!r} is not translated"
    wanted = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural or ""))
    for form in filter(None, forms):
        found = set(PLACEHOLDER.findall(form))
        if not found <= wanted or (not entry.msgid_plural and found != wanted):
            yield f"{language}: {entry.msgid!r} has placeholders {sorted(wanted)}, its translation {sorted(found)}"


def unlisted(sources: Path = SOURCES / "garant", locale: Path = LOCALE) -> Iterator[str]:
    """Texts marked in templates and code that are in no catalogue."""
    listed = {entry.msgid for path in locale.glob("*/LC_MESSAGES/*.po") for entry in polib.pofile(str(path)) if not entry.obsolete}
    for path in sorted([*sources.rglob("*.py"), *sources.rglob("*.html"), *sources.rglob("*.txt")]):
        for found in MARKED.finditer(path.read_text(encoding="utf-8")):
            text = found[2].replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")
            if text not in listed:
                yield f"{path.relative_to(sources)}: {text!r} is in no catalogue"


def main(words: list[str]) -> int:
    """0 when nothing is wrong; 1 after naming everything that is."""
    if words != ["translations"]:
        print("usage: python -m garant.project.checks translations", file=sys.stderr)  # noqa: T201 - it is a command
        return 2
    found = [*mistakes(), *unlisted()]
    for sentence in found:
        print(sentence)  # noqa: T201 - it is a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
