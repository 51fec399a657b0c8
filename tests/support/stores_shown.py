"""Places as pages show them, invented: three stores, one of them not looked at, one seen elsewhere."""

from datetime import UTC, datetime

from garant.data.policy.placement import Placement
from garant.data.queries.places import PlacementFacts
from garant.data.queries.places_shown import OwnPlaces, PlacesView, StoreView
from garant.kernel.text import Text

AT = datetime(2026, 11, 20, 18, 45, tzinfo=UTC)
UNTIL = datetime(2027, 6, 30, 12, tzinfo=UTC)
PERSONAL, TECHNICAL = Text("données personnelles", "personal data"), Text("données techniques", "technical data")
MONTREAL, CALGARY = Text("Montréal", "Montréal"), Text("Calgary", "Calgary")


def _store(key: str, name: Text, region: Text, lands: tuple[Text, ...], seen: str, by: str = "Hébergement Rivard") -> StoreView:
    moment = AT if seen != "unseen" else None
    return StoreView(key, name, key, lands, by, region, region.fr, "CA", seen, moment, by, UNTIL if by else None, seen != "elsewhere")


STORES = [
    _store("database", Text("Base de données", "Database"), MONTREAL, (PERSONAL, TECHNICAL), "there"),
    _store("files", Text("Fichiers joints", "Attachments"), MONTREAL, (PERSONAL,), "there"),
    _store("backup", Text("Sauvegardes", "Backups"), CALGARY, (PERSONAL, TECHNICAL), "elsewhere"),
    _store("mail", Text("Passerelle de courriel", "Mail gateway"), CALGARY, (Text("adresse de courriel", "e-mail address"),), "unseen", ""),
]
FULL = PlacesView(STORES, None, AT, "signature")
EMPTY = PlacesView([], None, None, "")
OWN = OwnPlaces(
    PlacementFacts("CA", (), Placement("CA", ("montreal", "calgary"))),
    [(MONTREAL, "CA"), (CALGARY, "CA")],
    STORES,
)
OWN_EMPTY = OwnPlaces(PlacementFacts("", (), None), [], [])
