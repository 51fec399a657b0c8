"""System checks: the shipped statements and the registry agree, and what is not bound yet is listed."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Info, Tags, register

from garant.statement.policy.binding import problems
from garant.statement.policy.document import DocumentError, parse
from garant.statement.queries import registry
from garant.statement.service.documents import CATALOGUE


@register(Tags.compatibility)
def statements_are_sound(**_: Any) -> Sequence[CheckMessage]:
    """Every control that a shipped statement names is in the registry, and every promise has measures of distinct names."""
    table = registry()
    found: list[CheckMessage] = [Error(problem, id="statement.E002") for problem in problems(table)]
    for path in sorted(CATALOGUE.glob("*.toml")):
        try:
            parse(path.read_text(encoding="utf-8"), name=str(path), controls=table.keys())
        except DocumentError as error:
            found += [Error(problem, id="statement.E001") for problem in error.problems]
    return found


@register(Tags.compatibility, deploy=True)
def unbound_claims(**_: Any) -> Sequence[CheckMessage]:
    """What the public page shows as unproven because nothing is built for it yet."""
    documents = [parse(path.read_text(encoding="utf-8"), name=str(path), controls=None) for path in sorted(CATALOGUE.glob("*.toml"))]
    unbound = [claim.id for document in documents for claim in document.claims if claim.unbuilt]
    return [Info(f"{len(unbound)} claims are not bound yet: {', '.join(unbound)}", id="statement.I001")] if unbound else []
