"""Rows of the data area, one module a subject."""

from garant.data.models.maps import MapVersion

__all__ = ["MapVersion"]
