"""`garant tenant`."""

import json
import sys
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
    allow: Annotated[
        list[str] | None, typer.Option(help="Network whose addresses may come in (repeat it); none given: all may, and you are told.")
    ] = None,
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
    if not allow:
        print(f"garant: WARNING: {_open_door(slug)}", file=sys.stderr)
    link = f"{_address(host)}.garant/invitation/{invited.token}/"
    if json_:
        print(json.dumps({"tenant": str(id_), "host": host, "administrator": admin, "invitation": link}))
        return
    print(f"{name} answers at {_address(host)}\nGive this link to {admin}, who chooses a password there: {link}")


@app.command()
def allow(
    slug: Annotated[str, typer.Argument(help="Short name of the organisation.")],
    networks: Annotated[list[str], typer.Argument(help="Networks whose addresses may come in, for example 198.51.100.0/24.")],
    label: Annotated[str, typer.Option(help="What people call the place: Town hall, library…")] = "",
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """List networks from which an organisation's people may come in. The first one closes its address to all others.

    Its administrators do the same in their console, on the page Access.

    Exit codes: 0 listed; 2 refused, with what to write instead.
    """
    at = SystemClock().now()
    with tenant_transaction(_id_of(slug), scope="operator"):
        for network in networks:
            access.add_rule(network=network, verdict="allow", classes=("login", "member"), label=label, at=at, actor=ACTOR, confirm=True)
    print(f"{slug} may be reached from {', '.join(networks)}.")


@app.command()
def admin(
    slug: Annotated[str, typer.Argument(help="Short name of the organisation; `operator` is your own.")],
    admin: Annotated[str, typer.Option(help="Login name of the new administrator.")],
    email: Annotated[str, typer.Option(help="The administrator's e-mail address.")] = "",
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Give an organisation one more administrator; prints the link by which that person chooses a password.

    The first person of the operator's own console comes in this way: garant tenant admin operator --admin NAME.

    Exit codes: 0 invited; 2 refused, with what to write instead.
    """
    at = SystemClock().now()
    host = settings.GARANT.base if slug == "operator" else f"{slug}.{settings.GARANT.base}"
    with tenant_transaction(_id_of(slug), scope="operator"):
        try:
            invited = access.invite_user(login=admin, name=admin, email=email, roles=("admin", "member"), actor=ACTOR, at=at)
        except service.Taken:
            raise InputError(f"{admin!r} exists in {slug} already; an administrator there changes roles in the console") from None
    if slug == "operator":
        settings.RUNTIME.note_trouble("people", "")
    print(f"Give this link to {admin}, who chooses a password there: {_address(host)}.garant/invitation/{invited.token}/")


def _address(host: str) -> str:
    return f"https://{host}{'' if settings.GARANT.https == 443 else f':{settings.GARANT.https}'}/"


def _open_door(slug: str) -> str:
    return (
        f"{slug} has no address list: every address can reach its sign-in page, and a promise that data answer to listed addresses "
        f"only is broken by it. List its offices: garant tenant allow {slug} 198.51.100.0/24"
    )


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
    _require_keys(slug)
    _turn(access.resume_tenant, slug, reason, "is resumed", "was not suspended")


def _require_keys(slug: str) -> None:
    """Its people's second factors are sealed: nobody could sign in while its keys open nothing."""
    with tenant_transaction(None, scope="operator"):
        found = next((tenant.id for tenant in queries.tenants() if tenant.slug == slug), None)
    if found is None:
        return
    with tenant_transaction(found):
        try:
            state = vault.epoch(tenant=found)[1]
        except vault.UnknownKey:
            return
    ends = {"suspended": "order resume", "pending_destruction": "order cancel_destruction"}
    if state != "active":
        said = f"first {ends[state]} (garant key order {slug} …)" if state in ends else "what it sealed is gone for ever"
        raise InputError(f"the keys of {slug} are {state}, and nobody could sign in: {said}")


def _turn(verb: Callable[..., bool], slug: str, reason: str, done: str, already: str) -> None:
    with tenant_transaction(_id_of(slug), scope="operator"):
        changed = verb(reason=reason, actor=ACTOR, at=SystemClock().now())
    print(f"{slug} {done if changed else already}.")


def _id_of(slug: str) -> uuid.UUID:
    with tenant_transaction(None, scope="operator"):
        found = {tenant.slug: tenant.id for tenant in queries.tenants()}
    if slug not in found:
        raise InputError(f"there is no organisation {slug!r}; `garant tenant list` shows them")
    return found[slug]
