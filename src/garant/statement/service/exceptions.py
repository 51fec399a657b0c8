"""Exceptions: a lapse accepted by a named person until a date. It mutes nothing."""

from datetime import datetime

from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import moment
from garant.kernel.clock import aware
from garant.kernel.errors import InputError
from garant.kernel.text import Text
from garant.statement.models import ExceptionRow, Statement
from garant.statement.queries.binding import documents


def grant_exception(*, statement: str, claim: str, reason: Text, approver: str, expires_at: datetime, at: datetime, actor: str) -> None:
    """Add a footnote to a claim until `expires_at`. The verdict stays what it is.

    Raises InputError for a nameless or endless one, and for a claim that the statement in force does not hold.
    """
    approver = approver.strip()
    if not approver:
        raise InputError("an exception needs the name of the person who accepts it")
    if aware(expires_at) <= aware(at):
        raise InputError("an exception must end in the future; give a later date")
    with tenant_transaction(None):
        document = next((each for each in documents() if each.slug == statement), None)
        if document is None:
            raise InputError(f"there is no statement {statement!r}")
        if document.claim(claim) is None:
            raise InputError(f"the statement {statement!r} has no claim {claim!r}")
        position = audit.append(
            Kind.EXCEPTION_GRANTED,
            at=at,
            actor=actor,
            payload={
                "statement": statement,
                "claim": claim,
                "reason": reason.as_dict(),
                "approver": approver,
                "expires_at": moment(expires_at),
            },
        )
        ExceptionRow.objects.create(
            statement=Statement.objects.get(slug=statement),
            claim=claim,
            reason_fr=reason.fr,
            reason_en=reason.en,
            approver=approver,
            granted_at=at,
            expires_at=expires_at,
            position=position,
        )
