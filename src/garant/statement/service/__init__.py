"""Verbs of the statement area: import a document, record a run, publish a verdict, keep promises, grant an exception.

Each writes in one transaction with its entry in the audit outbox. Engines run outside any transaction: a probe takes seconds.
"""

from garant.statement.service.documents import DocumentError, Imported, catalogue, import_catalogue, import_document
from garant.statement.service.exceptions import grant_exception
from garant.statement.service.keeping import Turn, keep_due, keep_once, keep_promise
from garant.statement.service.publishing import publish, refresh
from garant.statement.service.recording import record
from garant.statement.service.table import Line, published, verdict_table

__all__ = [
    "DocumentError",
    "Imported",
    "Line",
    "Turn",
    "catalogue",
    "grant_exception",
    "import_catalogue",
    "import_document",
    "keep_due",
    "keep_once",
    "keep_promise",
    "publish",
    "published",
    "record",
    "refresh",
    "verdict_table",
]
