"""What continuity keeps so far: the address answers to a plain browser. Availability and failover are not built yet."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from garant.continuity.engines.addresses import Addresses, Hosts, served_hosts
from garant.continuity.policy import judge
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import Text
from garant.kernel.visitor import Sources

BROWSER_ONLY = Measure(
    key="browser_only",
    name=Text(
        "Chaque adresse, suivie par la porte publique, sans JavaScript",
        "Every address followed through the public door, without JavaScript",
    ),
    method=Method.TEST,
    cadence=timedelta(minutes=5),
    grace=timedelta(minutes=5),
    freshness=timedelta(minutes=30),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -sL https://{tenant}/ | grep -c '<form\\|<h1'",
        Text(
            "un nombre d’au moins 1 : la page est entière sans JavaScript", "a number of at least 1: the page is whole without JavaScript"
        ),
    ),
)


def keepers(deployment: Deployment, *, sources: Sources, hosts: Hosts = served_hosts) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys of this area with their measures. `sources`: from where each host may be reached."""
    return {"continuity.browser_only": [Keeper(BROWSER_ONLY, Addresses(deployment, sources, hosts), judge)]}
