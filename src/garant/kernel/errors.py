"""Errors, in families by what the caller can do about them.

- `InputError`: somebody typed something wrong; the message says what to write instead.
- `ConfigurationError`: the operator's files or environment are wrong; the command stops and says which line.
- `EngineError`: a program did not answer or answered nonsense; the keeping flow turns it into a verdict.
- `Refused`: policy says no, for a reason that can be shown.

A docstring is the default message.
"""

from garant.kernel.text import Text


class GarantError(Exception):
    """Something that Garant could not do."""

    def __str__(self) -> str:
        return super().__str__() or (type(self).__doc__ or "").strip()


class InputError(GarantError):
    """The input cannot be taken as it is."""


class ConfigurationError(GarantError):
    """The configuration cannot be used."""


class EngineError(GarantError):
    """An engine could not be brought to the promised state, or could not be observed."""

    drift: tuple[str, ...] = ()
    """What `apply` had found changed before the engine failed: it is not forgotten."""

    fr: str | None = None
    """The message in French, since it becomes the reason of a public verdict; None where only a program's own words are known."""

    def __init__(self, said: str | Text = "") -> None:
        super().__init__(said.en if isinstance(said, Text) else said)
        if isinstance(said, Text):
            self.fr = said.fr


class Refused(GarantError):
    """Policy refuses this act."""
