"""What the composition root hands to the measures of this area: what other areas and the configuration know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from garant.drivers.s3 import Credentials
from garant.kernel.canonical import Json
from garant.kernel.visitor import Reads, Residents


@dataclass(frozen=True)
class Hands:
    """`residents`: signs in the people of the two organisations made for probing.

    Of the protected application: `database`: how the role of measures connects (words of psycopg), empty where Garant does not know it;
    `role`: the application's own; `data_map`: its data map; `recipe`: `garant-probe.toml`; `objects`: who may read the access lists of
    its object stores; `files`: directories of its files; `keyring`: socket of its keyring. `own`: how Garant's own roles connect.
    `reads`: bytes that each person took through the edge.
    `ask`, `answer`: how the privileged reader is spoken to.
    `remote`: the database server is not on this machine. `provider`: who encrypts its disks, by the operator's word.
    """

    residents: Residents | None = None
    database: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    role: str = "sondage"
    data_map: Path | None = None
    recipe: Path | None = None
    objects: Credentials | None = None
    files: tuple[Path, ...] = ()
    keyring: Path | None = None
    own: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict, repr=False)
    reads: Reads | None = None
    ask: Callable[[Mapping[str, Json]], None] | None = None
    answer: Callable[[], Mapping[str, Json]] | None = None
    remote: bool = False
    provider: str = ""
