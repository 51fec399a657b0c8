"""Promises of the data area, one module a subject; merged here into the area's line of the registry."""

from collections.abc import Mapping, Sequence

from garant.data.promises import isolation, places, sealing
from garant.data.promises import map as map_
from garant.data.promises.hands import Hands
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Keeper, Unmeasured

__all__ = ["Hands", "keepers"]


def keepers(deployment: Deployment, *, hands: Hands) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys of this area with their measures. `hands`: what only the composition root knows."""
    return {
        **isolation.keepers(deployment, hands),
        **map_.keepers(deployment, hands),
        **places.keepers(deployment, data_map=hands.data_map),
        **sealing.keepers(deployment, hands),
    }
