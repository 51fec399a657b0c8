"""Verbs of the access area: keyword-only, in the caller's tenant transaction, one audit entry each."""
