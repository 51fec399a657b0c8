"""Verbs of the data area, one module a subject."""

from garant.data.service.maps import (
    Checked,
    MapError,
    MapRecorded,
    apply_map,
    backfill_column,
    check_map,
    map_changes,
    map_text,
    propose_map,
    read_catalogue,
    read_map,
    record_map,
)
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
    "Checked",
    "MapError",
    "MapRecorded",
    "PlacesError",
    "PlacesImported",
    "TargetRefused",
    "apply_map",
    "backfill_column",
    "check_map",
    "check_target",
    "import_places",
    "map_changes",
    "map_text",
    "propose_map",
    "publish_places_report",
    "read_catalogue",
    "read_map",
    "record_map",
    "require_target",
    "set_placement",
]
