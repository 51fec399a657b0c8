"""The register that holds where nobody wrote one: the machine on which Garant was started, and nothing that is not known about it."""

from collections.abc import Sequence

TEMPLATE = """# Where data live and pass. It holds while there is no places.toml beside garant.toml; docs/places.md explains each key.

[register]
dated = 2026-11-01

[countries]
CA = ["demonstration"]
FR = ["demonstration"]

[[region]]
key = "demonstration"
name = {{ fr = "Démonstration, pays inconnu", en = "Demonstration, country unknown" }}
country = "ZZ"

[[site]]
key = "demonstration"
name = {{ fr = "Machine de démonstration", en = "Demonstration machine" }}
region = "demonstration"
role = "primary"
machines = [{machines}]

[[store]]
key = "database"
name = {{ fr = "Base de données", en = "Database" }}
kind = "database"
holds = ["user", "system"]
{database}

[[store]]
key = "files"
name = {{ fr = "Fichiers joints", en = "Attachments" }}
kind = "files"
site = "demonstration"
holds = ["user"]
address = "local:files"

[[store]]
key = "logs"
name = {{ fr = "Journaux des programmes", en = "Logs of programs" }}
kind = "log"
site = "demonstration"
holds = ["system", "user"]
address = "local:logs"
"""


def demonstration(machines: Sequence[str], database: str = "") -> str:
    """The text of a register that knows this machine by `machines`. `database`: its address, when it is elsewhere."""
    place = f'region = "demonstration"\naddress = "{database}"' if database else 'site = "demonstration"\naddress = "local:database"'
    return TEMPLATE.format(machines=", ".join(f'"{each}"' for each in machines), database=place)
