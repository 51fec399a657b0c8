"""Rows of the data area, one module a subject."""

from garant.data.models.maps import MapVersion
from garant.data.models.places import PlacementRow, PlacesReport, PlacesVersion

__all__ = ["MapVersion", "PlacementRow", "PlacesReport", "PlacesVersion"]
