"""What lies at rest: on which volume, and under which seal."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from garant.data.engines.house import connector, map_of, recipe_of
from garant.data.engines.sealed import Sealed, Strongroom, asking
from garant.data.engines.volumes import Volumes
from garant.data.policy import sealed, volume
from garant.data.promises.hands import Hands
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import Text

HOUR = timedelta(hours=1)

VOLUME = Measure(
    key="data.volume_layers",
    name=Text("Couches sous chaque répertoire de données, jusqu’au disque", "Layers under each directory of data, down to the disk"),
    method=Method.EXAMINE,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=13),
    canary=True,
    vantage="host",
    check=Check(
        "findmnt -no SOURCE,FSTYPE -T /srv/garant && lsblk -so NAME,TYPE,FSTYPE",
        Text(
            "une ligne de type crypt entre le système de fichiers et le disque", "a line of type crypt between the file system and the disk"
        ),
    ),
)

SEALED = Measure(
    key="data.sealed_search",
    name=Text(
        "Un mot d’essai scellé, cherché en clair partout où la base et les fichiers se lisent",
        "A canary word that was sealed, looked for in clear wherever the database and the files can be read",
    ),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=13),
    canary=True,
    vantage="host",
    check=Check(
        "pg_dump sondage | grep -c temoin",
        Text("0, pour un mot que l’application a scellé", "0, for a word that the application sealed"),
    ),
)
REST = Unmeasured(
    "data.sealed_rest",
    Text("AES-256-GCM sur toutes les données de la base", "AES-256-GCM on all data of the database"),
    Text(
        "Seules les colonnes que la carte des données marque sensibles sont sous AES-256-GCM; le reste de la base (autres colonnes, index, "
        "journal) ne tient qu’au chiffrement du volume, dont le mode n’est pas GCM sous LUKS et ne se voit pas chez un fournisseur.",
        "Only the columns that the data map marks sensitive are under AES-256-GCM; the rest of the database (other columns, indexes, log) "
        "rests on the volume’s encryption, whose mode is not GCM under LUKS and cannot be seen at a provider’s.",
    ),
)
NO_APPLICATION = Unmeasured(
    "data.sealed_search",
    SEALED.name,
    Text(
        "Garant ne connaît pas la base, la carte des données ou les étapes d’essai de cette application.",
        "Garant does not know this application’s database, data map or probe.",
    ),
)


def keepers(deployment: Deployment, hands: Hands) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys on data at rest."""
    layers = Volumes(deployment, attachments=hands.files, remote=hands.remote, provider=hands.provider, connect=connector(hands.database))
    found: dict[str, Sequence[Keeper | Unmeasured]] = {"data.sealed_rest": [REST]}
    database = connector(hands.database)
    if hands.residents and hands.recipe and hands.ask and hands.answer and database and hands.data_map:
        room = Strongroom(
            residents=hands.residents,
            recipe=partial(recipe_of, hands.recipe),
            seek=asking(write=hands.ask, read=hands.answer),
            connect=database,
            role=hands.role,
            made=partial(map_of, hands.data_map),
        )
        found["data.sealed"] = [Keeper(SEALED, Sealed(deployment, room), sealed.judge)]
    else:
        found["data.sealed"] = [NO_APPLICATION]
    return found | {"data.volume": [Keeper(VOLUME, layers, volume.judge)]}
