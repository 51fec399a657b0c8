"""The data map is whole and in force; data lie in the engines that the statement names."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from garant.data.engines.mapped import Enforced, Mapped
from garant.data.engines.objects import Buckets
from garant.data.engines.stores import Engines
from garant.data.policy import map_judges
from garant.data.promises.hands import Hands
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import Text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATABASE = "database"

MAPPED = Measure(
    key="data.mapped",
    name=Text("Chaque colonne de la base, cherchée dans la carte", "Every column of the database, looked for in the map"),
    method=Method.EXAMINE,
    cadence=HOUR,
    grace=timedelta(minutes=30),
    freshness=DAY,
    canary=True,
    vantage=DATABASE,
    check=Check("garant map check", Text("aucune ligne : rien ne diffère", "no line: nothing differs")),
)
ENFORCED = Measure(
    key="data.enforced",
    name=Text(
        "Sécurité par ligne, clés, saisie et droits, comparés à la carte", "Row security, keys, capture and rights, compared with the map"
    ),
    method=Method.EXAMINE,
    cadence=timedelta(minutes=10),
    grace=timedelta(minutes=10),
    freshness=HOUR,
    canary=True,
    vantage=DATABASE,
    check=Check("garant map show --as sql", Text("aucune ligne : tout est en vigueur", "no line: everything is in force")),
)
ENGINE = Measure(
    key="data.engine",
    name=Text("Les premiers octets de chaque serveur de données", "The first bytes of each data server"),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=30),
    freshness=DAY,
    canary=True,
    vantage="host",
)
CLOSED = Measure(
    key="data.objects_closed",
    name=Text("Chaque dépôt d’objets, demandé sans aucun droit", "Every object store, asked without any right"),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=30),
    freshness=DAY,
    canary=True,
    vantage="host",
)


def keepers(deployment: Deployment, hands: Hands) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys on the map."""
    return {
        "data.mapped": [Keeper(MAPPED, Mapped(hands.database, hands.data_map, hands.role), map_judges.mapped)],
        "data.enforced": [Keeper(ENFORCED, Enforced(hands.database, hands.data_map, hands.role), map_judges.enforced)],
        "data.engine": [Keeper(ENGINE, Engines(hands.database, hands.data_map), map_judges.engine)],
        "data.objects_closed": [Keeper(CLOSED, Buckets(hands.data_map, hands.objects, deployment.clock), map_judges.closed)],
    }
