"""`garant place`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from garant.data import service as data_area
from garant.data.policy.demonstration import demonstration
from garant.data.policy.placement import Placement, Refusal, stores_for
from garant.data.policy.places import Register, parse
from garant.data.queries import places as queries
from garant.drivers import machine as driver
from garant.identity import queries as identity
from garant.identity.queries import TenantFacts
from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import InputError
from garant.project import places

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Where data are and may be: check the register, list it, try a target, place an organisation.",
)
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Slug = Annotated[str, typer.Argument(help="Short name of the organisation.")]
ACTOR = "system:command"


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A register; by default places.toml beside garant.toml.")] = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Read a register and say every mistake with its line, and whether it is the one in force. Changes nothing.

    Exit codes: 0 sound, and in force; 1 sound, and another one is in force; 2 it has mistakes.
    """
    text, name = (file.read_text(encoding="utf-8"), str(file)) if file else places.text()
    register = parse(text, name=name)
    print(f"{name}: {len(register.sites)} sites, {len(register.stores)} stores, {len(register.countries)} countries; no mistake.")
    with tenant_transaction(None):
        standing = queries.in_force()
    if standing is not None and standing.register == register:
        print(f"It is in force (version {standing.number}).")
        return
    print("It is not in force: `garant settle statements` puts it in force, as the next start does.")
    raise typer.Exit(1)


@app.command("list")
def list_(
    json_: Annotated[bool, typer.Option("--json", help="One JSON list on standard output.")] = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Every store in force: kind, country, region, what lands there, who vouches for the place."""
    register = _register()
    lines = [_line(register, key) for key in register.stores]
    if json_:
        print(json.dumps(lines, ensure_ascii=False))
        return
    for line in lines:
        print(f"{line['store']:<20} {line['kind']:<13} {line['country']:<3} {line['region']:<20} {', '.join(line['holds']) or '–'}")
        print(f"{'':<20} {line['attested'] or 'nobody vouches for this place'}")


@app.command("try")
def try_(
    tenant: Slug,
    store: Annotated[str, typer.Argument(help="Key of the store.")],
    holds: Annotated[list[str] | None, typer.Option(help="Data category that would go there (repeat it); by default user.")] = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Whether data of this organisation may go to a store, by the rule that every writer asks. Writes nothing.

    Exit codes: 0 they may; 1 they may not, with the reason; 2 it could not be asked.
    """
    facts = _tenant(tenant)
    with tenant_transaction(facts.id):
        answer = data_area.check_target(store=store, tenant=facts.id, categories=holds or ["user"])
    if isinstance(answer, Refusal):
        print(f"refused: {answer.reason.en}")
        raise typer.Exit(1)
    print(f"allowed: {answer.store.key} is in {answer.region} ({answer.country}).")


@app.command()
def tenant(
    slug: Slug,
    country: Annotated[str, typer.Option(help="Country of the organisation (ISO 3166-1, two capitals); none: only show.")] = "",
    region: Annotated[list[str] | None, typer.Option(help="Narrow the map to this region (repeat it); none: all it gives.")] = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Show where an organisation's data may be, or say in which country it is.

    Exit codes: 0 shown or changed; 2 refused, with what to write instead.
    """
    facts = _tenant(slug)
    with tenant_transaction(facts.id, scope="operator"):
        if country:
            changed = data_area.set_placement(country=country, regions=tuple(region or ()), at=SystemClock().now(), actor=ACTOR)
            print(f"{slug} is in {country}{'' if changed else ', as before'}.")
        placed = queries.placement_of(facts.id)
        register = queries.register()
    if placed.may is None:
        print(f"Nobody has said in which country {slug} is: its data may go nowhere. Write `garant place tenant {slug} --country XX`.")
        return
    _show(placed.may, register)


@app.command()
def example(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """A register to begin with, of this machine; write it beside garant.toml as places.toml and say what you know."""
    print(demonstration(driver.identities()), end="")


@app.command()
def machine(data: Data = None) -> None:  # noqa: ARG001 - read in main
    """The identities of this machine, as a site of the register names them."""
    for each in driver.identities():
        print(each)


def _show(may: Placement, register: Register | None) -> None:
    print(f"Its data may be in: {', '.join(may.regions) or 'no region'}.")
    for store in stores_for(register, may) if register else ():
        print(f"  {store.key:<20} {store.region:<20} {'' if store.region in may.regions else 'NOT ALLOWED'}")


def _line(register: Register, key: str) -> dict[str, Any]:
    store = register.stores[key]
    word = register.word_of(store)
    return {
        "store": key,
        "kind": store.kind,
        "region": store.region,
        "country": register.region_of(store).country,
        "holds": list(store.holds),
        "attested": f"attested by {word.by} until {word.until.date().isoformat()}" if word else "",
    }


def _register() -> Register:
    with tenant_transaction(None):
        found = queries.register()
    if found is None:
        raise InputError("no register is in force yet: `garant settle statements` puts one in force, as the next start does")
    return found


def _tenant(slug: str) -> TenantFacts:
    with tenant_transaction(None, scope="operator"):
        found = next((each for each in identity.tenants() if each.slug == slug), None)
    if found is None:
        raise InputError(f"there is no organisation {slug!r}; `garant tenant list` shows them")
    return found
