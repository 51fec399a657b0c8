"""What the composition root hands to the measures of this area: what other areas and the configuration know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Hands:
    """`database`: how the role of measures connects to the protected application's database (words of psycopg), empty where Garant
    does not know it. `files`: directories of the application's files. `remote`: the database server is not on this machine.
    `provider`: who encrypts its disks, by the operator's word."""

    database: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    files: tuple[Path, ...] = ()
    remote: bool = False
    provider: str = ""
