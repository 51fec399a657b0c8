"""Where data are: the register, what is seen, who vouches, and to whom our processes speak (ASO-25..31, INT-04..44, EHQ-47..51, …).

What software can see and what somebody says stand apart, as measures of their own: the worst of them is the verdict, so that a
supplier's word never makes a sentence kept, and never hides what was seen.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from garant.data.engines import places, reality
from garant.data.engines.eyes import Eyes, eyes
from garant.data.policy import place_judges as judges
from garant.data.service import places as service
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import Text

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
READ_IT = Check(
    "curl -s https://{host}/.well-known/garant/places.json",
    Text(
        "chaque dépôt avec sa juridiction, ce qui y aboutit, ce qui a été vu et quand; la signature Ed25519 se vérifie avec keys.json",
        "every store with its jurisdiction, what lands there, what was seen and when; keys.json verifies the Ed25519 signature",
    ),
)


def keepers(
    deployment: Deployment, sight: Eyes | None = None, *, data_map: Path | None = None
) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys of places with their measures. `sight`: how reality is looked at; default, for real. `data_map`: the application's."""
    look = sight or eyes(deployment.data, deployment.clock)
    tell = partial(service.tell_places, keys=deployment.data / "assertion", clock=deployment.clock)
    observed = Keeper(OBSERVED, reality.Observed(look, tell), judges.observed)
    vouched = Keeper(VOUCHED, places.Vouched(places.stores_of), judges.vouched)
    return {
        "data.place": [Keeper(REGISTER, places.Placed(data_map=data_map), judges.placed), observed, vouched],
        "data.tenant_place": [Keeper(TENANTS, places.Tenants(data_map=data_map), judges.tenants), observed, vouched],
        "data.site": [
            Keeper(SITE, reality.SiteObserved(look, tell), judges.site),
            Keeper(SITE_VOUCHED, places.Vouched(places.sites_of), judges.vouched),
        ],
        "data.edge_place": [
            Keeper(NAMES, reality.EdgeAddresses(look), judges.edge),
            Keeper(SITE_VOUCHED, places.Vouched(places.sites_of), judges.vouched),
        ],
        "data.egress": [Keeper(SPOKEN, reality.SpokenTo(look), judges.spoken)],
        "data.jurisdiction": [Keeper(SAME, places.Jurisdiction(), judges.jurisdiction)],
    }


REGISTER = Measure(
    key="places.register",
    name=Text("Le registre des lieux et la politique de placement", "The register of places and the placement policy"),
    method=Method.EXAMINE,
    cadence=5 * MINUTE,
    grace=5 * MINUTE,
    freshness=HOUR,
    canary=True,
    vantage="database",
    check=READ_IT,
)
TENANTS = Measure(
    key="places.tenants",
    name=Text("Les clients de ce pays, et les dépôts qui les servent", "The customers of that country, and the stores that serve them"),
    method=Method.EXAMINE,
    cadence=5 * MINUTE,
    grace=5 * MINUTE,
    freshness=HOUR,
    canary=True,
    vantage="database",
    check=READ_IT,
)
OBSERVED = Measure(
    key="places.observed",
    name=Text(
        "Chaque dépôt regardé : adresses, machine, répliques, région que dit un dépôt d’objets",
        "Every store looked at: addresses, machine, replicas, the region that a bucket says",
    ),
    method=Method.TEST,
    cadence=15 * MINUTE,
    grace=15 * MINUTE,
    freshness=2 * HOUR,
    canary=True,
    vantage="host",
    check=READ_IT,
)
VOUCHED = Measure(
    key="places.vouched",
    name=Text("Qui se porte garant des lieux, et jusqu’à quand", "Who vouches for the places, and until when"),
    method=Method.INTERVIEW,
    cadence=HOUR,
    grace=HOUR,
    freshness=timedelta(days=1),
    vantage="database",
)
SITE = Measure(
    key="site.observed",
    name=Text("Le site : ses machines, nos processus, ses dépôts", "The site: its machines, our processes, its stores"),
    method=Method.TEST,
    cadence=15 * MINUTE,
    grace=15 * MINUTE,
    freshness=2 * HOUR,
    canary=True,
    vantage="host",
    check=READ_IT,
)
SITE_VOUCHED = Measure(
    key="site.vouched",
    name=Text("Qui se porte garant du bâtiment, et jusqu’à quand", "Who vouches for the building, and until when"),
    method=Method.INTERVIEW,
    cadence=HOUR,
    grace=HOUR,
    freshness=timedelta(days=1),
    vantage="database",
)
NAMES = Measure(
    key="edge.names",
    name=Text("Où mènent les noms publics, selon les serveurs de noms", "Where the public names lead, by the name servers"),
    method=Method.TEST,
    cadence=15 * MINUTE,
    grace=15 * MINUTE,
    freshness=2 * HOUR,
    canary=True,
    vantage="host",
    check=Check("dig +short {host}", Text("une adresse annoncée par un site permis", "an address that an allowed site announces")),
)
SPOKEN = Measure(
    key="egress.spoken",
    name=Text(
        "À qui parlent nos processus, regardé toutes les cinq secondes par le superviseur",
        "To whom our processes speak, looked at every five seconds by the supervisor",
    ),
    method=Method.TEST,
    cadence=MINUTE,
    grace=2 * MINUTE,
    freshness=10 * MINUTE,
    canary=True,
    vantage="host",
)
SAME = Measure(
    key="jurisdiction.same",
    name=Text("Juridictions des sauvegardes et de l’exploitation", "Jurisdictions of backups and of operation"),
    method=Method.EXAMINE,
    cadence=5 * MINUTE,
    grace=5 * MINUTE,
    freshness=HOUR,
    canary=True,
    vantage="database",
    check=READ_IT,
)
