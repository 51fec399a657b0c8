"""Organisations that share the platform are apart."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from garant.data.engines.export import Exits, NoExport
from garant.data.engines.house import connector, map_of, recipe_of
from garant.data.engines.isolation import Ground, Isolation
from garant.data.policy import isolation, no_export
from garant.data.promises.hands import Hands
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import Text

HOUR = timedelta(hours=1)

TRESPASS = Measure(
    key="data.trespass",
    name=Text(
        "Deux organisations d’essai cherchent à se lire et à se changer, par chaque chemin",
        "Two canary organisations try to read and to change each other, by every way",
    ),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=2, minutes=30),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -s -o /dev/null -w '%{http_code}\\n' -b __Host-sid=… https://{tenant}/",
        Text("302 ou 403, avec la session d’une autre organisation", "302 or 403, with the session of another organisation"),
    ),
)

EXPORT = Measure(
    key="data.export_tries",
    name=Text(
        "Pages d’export déclarées, droits du rôle de l’application, volume lu par chaque personne",
        "Declared pages of export, rights of the application’s role, volume read by each person",
    ),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=2, minutes=30),
    canary=True,
    vantage="edge",
    check=Check(
        "psql -U sondage -c \"copy (select 1) to program 'true'\"",
        Text("ERROR: permission denied", "ERROR: permission denied"),
    ),
)


def keepers(deployment: Deployment, hands: Hands) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys on the walls between organisations."""
    if hands.residents is None:
        return {}
    connect = connector(hands.database)
    ground = Ground(
        residents=hands.residents,
        connect=connect,
        made=partial(map_of, hands.data_map) if hands.data_map else None,
        role=hands.role,
        roles={role: enter for role, words in hands.own.items() if (enter := connector(words))},
        recipe=partial(recipe_of, hands.recipe) if hands.recipe else None,
        keyring=hands.keyring,
    )
    found: dict[str, Sequence[Keeper | Unmeasured]] = {"data.isolation": [Keeper(TRESPASS, Isolation(deployment, ground), isolation.judge)]}
    if hands.reads is not None:
        exits = Exits(hands.residents, hands.reads, hands.role, ground.recipe, connect)
        found["data.no_export"] = [Keeper(EXPORT, NoExport(deployment, exits), no_export.judge)]
    return found
