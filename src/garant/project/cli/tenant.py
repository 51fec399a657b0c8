"""`garant tenant`."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer
from django.conf import settings

from garant.access import service as access
from garant.data import service as places
from garant.edge import service as edge
from garant.identity import queries, service
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import InputError
from garant.vault import service as vault

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Organisations: add one, list them, suspend and resume one.",
)
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
ACTOR = "system:command"


@app.command()
def add(
    slug: Annotated[str, typer.Argument(help="Short name: one DNS label, it becomes <slug>.<base>.")],
    name: Annotated[str, typer.Option(help="Full name, shown to its people.")],
    admin: Annotated[str, typer.Option(help="Login name of its first administrator.")],
    email: Annotated[str, typer.Option(help="The administrator's e-mail address.")] = "",
    language: Annotated[str, typer.Option(help="fr-ca, fr-fr or en-ca.")] = "fr-ca",
    allow: Annotated[list[str] | None, typer.Option(help="Network whose addresses may come in (repeat it); none given: all may.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of its calendars (IANA name).")] = "America/Toronto",
    seal: Annotated[
        bool, typer.Option("--seal/--no-seal", help="Whether what the application marks sensitive is sealed for it; chosen once, here.")
    ] = True,
    country: Annotated[str, typer.Option(help="Country of the organisation (ISO 3166-1): decides where its data may be.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Add an organisation and its first administrator; prints its address and the link by which that person chooses a password.

    A second factor is required of its people from the first sign-in; the organisation can choose otherwise.

    Exit codes: 0 added; 2 refused, with what to write instead.
    """
    at = SystemClock().now()
    languages = [code for code, _ in settings.LANGUAGES]
    if language not in languages:
        raise InputError(f"{language!r} is not a language of Garant; write one of {', '.join(languages)}")
    if zone not in available_timezones():
        raise InputError(f"{zone!r} is not a time zone; write an IANA name such as America/Toronto")
    host = f"{slug}.{settings.GARANT.base}"
    id_ = uuid.uuid4()
    # One transaction: a refusal leaves nothing half made, and the host never answers before its address rules do.
    with tenant_transaction(id_, scope="operator"):
        service.add_tenant(id_=id_, slug=slug, name=name, host=host, at=at, actor=ACTOR, language=language, zone=zone, sealing=seal)
        vault.make_tenant_keys(tenant=id_, at=at, actor=ACTOR)
        if country:
            places.set_placement(country=country, at=at, actor=ACTOR)
        for network in allow or ():
            access.add_rule(network=network, verdict="allow", classes=("login", "member"), at=at, actor=ACTOR, confirm=True)
        invited = access.invite_user(login=admin, name=admin, email=email, roles=("admin", "member"), actor=ACTOR, at=at)
        edge.hosts_changed()
    port = "" if settings.GARANT.https == 443 else f":{settings.GARANT.https}"
    link = f"https://{host}{port}/.garant/invitation/{invited.token}/"
    if json_:
        print(json.dumps({"tenant": str(id_), "host": host, "administrator": admin, "invitation": link}))
        return
    print(f"{name} answers at https://{host}{port}/\nGive this link to {admin}, who chooses a password there: {link}")


@app.command("list")
def list_(
    canaries: Annotated[
        bool, typer.Option("--canaries", help="Also those that Garant made for its probes: they are no customers.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON list on standard output.")] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Every organisation, the operator first."""
    with tenant_transaction(None, scope="operator"):
        found = queries.tenants(canaries=canaries)
    if json_:
        print(
            json.dumps(
                [
                    {
                        "id": str(t.id),
                        "slug": t.slug,
                        "name": t.name,
                        "operator": t.operator,
                        "suspended": t.suspended,
                        "sealing": t.sealing,
                    }
                    for t in found
                ]
            )
        )
        return
    for tenant in found:
        marks = (
            (tenant.operator, "operator"),
            (tenant.canary, "made for probes"),
            (tenant.suspended, "suspended"),
            (not tenant.sealing, "not sealed"),
        )
        print(f"{tenant.slug:<20} {tenant.name}{''.join(f' ({word})' for holds, word in marks if holds)}")


Slug = Annotated[str, typer.Argument(help="Short name of the organisation.")]
Reason = Annotated[str, typer.Option(help="Why; it stays in the log.")]


@app.command()
def suspend(slug: Slug, reason: Reason, data: Data = None) -> None:  # noqa: ARG001 - data is read in main
    """Refuse everybody on an organisation's address from now on. Its sessions end; its data stay.

    Exit codes: 0 suspended, or it was already; 2 refused, with what to write instead.
    """
    _turn(access.suspend_tenant, slug, reason, "is suspended: nobody comes in", "was suspended already")


@app.command()
def resume(slug: Slug, reason: Reason, data: Data = None) -> None:  # noqa: ARG001 - data is read in main
    """Let the people of a suspended organisation in again; each signs in afresh.

    Exit codes: 0 resumed, or it was not suspended; 2 refused, with what to write instead.
    """
    _turn(access.resume_tenant, slug, reason, "is resumed", "was not suspended")


def _turn(verb: Callable[..., bool], slug: str, reason: str, done: str, already: str) -> None:
    with tenant_transaction(None, scope="operator"):
        found = {tenant.slug: tenant.id for tenant in queries.tenants()}
    if slug not in found:
        raise InputError(f"there is no organisation {slug!r}; `garant tenant list` shows them")
    with tenant_transaction(found[slug], scope="operator"):
        changed = verb(reason=reason, actor=ACTOR, at=SystemClock().now())
    print(f"{slug} {done if changed else already}.")
