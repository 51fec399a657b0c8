"""The application's own word on which of its paths need a person: `garant-routes.toml`, read once."""

import tomllib
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "garant-routes.toml"


def routes() -> tuple[str, ...]:
    """Routes as the edge writes them: `/prefix/ class [role,role]`."""
    return tuple(tomllib.loads(FILE.read_text(encoding="utf-8"))["routes"])


def public_prefixes() -> tuple[str, ...]:
    """The path prefixes that need no identity."""
    return tuple(words[0] for words in (route.split() for route in routes()) if words[1] == "public")
