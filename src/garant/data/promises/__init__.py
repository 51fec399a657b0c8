"""Promises of the data area, one module a subject; merged here into the area's line of the registry."""

from collections.abc import Mapping, Sequence

from garant.kernel.deployment import Deployment
from garant.kernel.promise import Keeper, Unmeasured


def keepers(deployment: Deployment) -> Mapping[str, Sequence[Keeper | Unmeasured]]:  # noqa: ARG001 - the subjects below take it
    """Promise keys of this area with their measures."""
    return {}
