"""The protected application's database, as measures come to it: logged in as `garant_data`, which reads the catalogue and may become
the application's role, and nothing more."""

from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from garant.data.policy.map import DataMap
from garant.data.policy.reading import parse as read_map
from garant.data.policy.recipe import Recipe, parse
from garant.kernel.errors import ConfigurationError, EngineError

Connect = Callable[[], "psycopg.Connection[tuple[object, ...]]"]
"""A connection in autocommit mode. Raises EngineError when the server refuses."""


def connector(words: Mapping[str, str | int]) -> Connect | None:
    """How to connect with these words of psycopg; None when there are none: the application's database is not known here."""

    def connect() -> "psycopg.Connection[tuple[object, ...]]":
        try:
            return psycopg.connect(**words, autocommit=True)  # type: ignore[arg-type]
        except psycopg.OperationalError as error:
            why = (str(error).strip().splitlines() or ["no answer"])[0]
            raise EngineError(f"the application’s database refuses the role of measures: {why}") from error

    return connect if words else None


def map_of(path: Path) -> DataMap:
    """The data map of the application. Raises EngineError with file and line."""
    try:
        return read_map(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(f"{path.name} cannot be read: {error}") from error
    except ConfigurationError as error:
        raise EngineError(str(error)) from error


def recipe_of(path: Path) -> Recipe:
    """The steps of the application's probe. Raises EngineError with file and line: a measure that cannot start says why."""
    try:
        return parse(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(f"{path.name} cannot be read: {error}") from error
    except ConfigurationError as error:
        raise EngineError(str(error)) from error
