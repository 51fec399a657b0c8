"""Verbs of the data area, one module a subject."""

from garant.data.service.places import (
    PlacesError,
    PlacesImported,
    TargetRefused,
    check_target,
    import_places,
    publish_places_report,
    require_target,
    set_placement,
)

__all__ = [
    "PlacesError",
    "PlacesImported",
    "TargetRefused",
    "check_target",
    "import_places",
    "publish_places_report",
    "require_target",
    "set_placement",
]
