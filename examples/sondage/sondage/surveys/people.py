"""The application's own users, mapped from the identity that the edge vouches for, at first sight."""

from django.http import HttpRequest

from garant.sdk import Passage
from sondage.surveys.models import Organisation, Person


def person_of(request: HttpRequest, passage: Passage) -> Person:  # noqa: ARG001 - the signature of every user hook
    """The person of this request; name, roles and language are refreshed when they have changed."""
    identity = passage.identity
    said = {"name": identity.name, "roles": sorted(identity.roles), "language": identity.language}
    person, new = Person.objects.get_or_create(tenant=identity.tenant, subject=identity.user, defaults=said)
    if not new and any(getattr(person, field) != value for field, value in said.items()):
        for field, value in said.items():
            setattr(person, field, value)
        person.save(update_fields=list(said))
    return person


def organisation_name(tenant: str) -> str:
    """The name to show for an organisation."""
    name = Organisation.objects.of(tenant).values_list("name", flat=True).first()
    return name or tenant.replace("-", " ").capitalize()
