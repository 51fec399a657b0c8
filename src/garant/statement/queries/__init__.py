"""Reads of the statement area. Pages and exports read the age of evidence at the moment of reading, never from a stored colour."""

from garant.statement.queries.binding import documents, registry
from garant.statement.queries.exports import statement_json, verdicts_json
from garant.statement.queries.pages import ClaimPage, ClaimView, StatementPage, claim, page, statements
from garant.statement.queries.schedule import Due, due, upcoming

__all__ = [
    "ClaimPage",
    "ClaimView",
    "Due",
    "StatementPage",
    "claim",
    "documents",
    "due",
    "page",
    "registry",
    "statement_json",
    "statements",
    "upcoming",
    "verdicts_json",
]
