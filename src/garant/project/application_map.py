"""`up` puts the data map of the example application in force: a process of its own, which alone holds the owner's password.

python -m garant.project.application_map MAP ROLE KEYFILE

The connection comes from libpq's environment (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE). What changed is said on standard output.

Exit codes: 0 in force; 2 nothing was changed, for the reason said.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from garant.data.engines.apply import apply
from garant.data.engines.catalogue import connect
from garant.data.policy.reading import parse
from garant.kernel.errors import GarantError
from garant.project.application_database import close_history
from garant.sdk.context import read_key


def main(words: Sequence[str]) -> int:
    """Apply, and say what differed."""
    path, role, key = Path(words[0]), words[1], Path(words[2])
    try:
        made = parse(path.read_text(encoding="utf-8"), name=str(path))
        with connect({"connect_timeout": 10}) as session:
            close_history(session)
            changes = apply(session, made, application=role, key=read_key(key) if made.context == "signed" else None)
    except (GarantError, OSError, UnicodeDecodeError) as error:
        print(f"garant: the data map is not in force: {error}", file=sys.stderr)  # noqa: T201 - its one way of speaking
        return 2
    for change in changes:
        print(f"{'changed' if change.sql else 'NOT CHANGED'}: {change.text.en}", file=sys.stderr)  # noqa: T201 - its one way of speaking
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
