"""A sentence in both languages, as one value: content, not interface.

Statement sentences and the reasons of verdicts are public evidence and are stored, signed and exported in French and English
together; so neither can be missing. Labels of the interface go through the catalogues instead.
"""

from dataclasses import dataclass

NBSP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Text:
    """The same content in Québec French and in English; neither is empty."""

    fr: str
    en: str

    def __post_init__(self) -> None:
        if not self.fr.strip() or not self.en.strip():
            raise ValueError("a text needs both languages: fr and en")

    def in_(self, language: str) -> str:
        """The text for a language code; anything that is not English is served in French (the default language)."""
        return self.en if language.lower().startswith("en") else self.fr

    def as_dict(self) -> dict[str, str]:
        return {"fr": self.fr, "en": self.en}


def same(value: object) -> Text:
    """A text that does not change with the language: a digit, a code, an address."""
    return Text(str(value), str(value))


def count(value: int) -> Text:
    """A whole number as each language groups it: `2 160` (no-break space) and `2,160`."""
    grouped = f"{value:,}"
    return Text(grouped.replace(",", NBSP), grouped)


def ratio(part: int, whole: int) -> Text:
    """`9 sur 9` and `9 of 9`."""
    a, b = count(part), count(whole)
    return Text(f"{a.fr} sur {b.fr}", f"{a.en} of {b.en}")
