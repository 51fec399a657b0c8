"""Names for the opaque ids that rows carry."""

from collections.abc import Mapping

from garant.identity.queries import people


def names() -> Mapping[str, str]:
    """Opaque id to name, of the people of the tenant of the transaction."""
    return {str(person.pk): str(person) for person in people()}
