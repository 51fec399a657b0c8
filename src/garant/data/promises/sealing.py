"""What lies at rest: on which volume, and under which seal."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from garant.data.engines.house import connector
from garant.data.engines.volumes import Volumes
from garant.data.policy import volume
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


def keepers(deployment: Deployment, hands: Hands) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys on data at rest."""
    layers = Volumes(deployment, attachments=hands.files, remote=hands.remote, provider=hands.provider, connect=connector(hands.database))
    return {"data.volume": [Keeper(VOLUME, layers, volume.judge)]}
