"""`garant key`."""

import getpass
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from django.contrib.auth.hashers import check_password

from garant.access import service as access
from garant.access.queries import factors
from garant.access.service.passwords import credentials
from garant.identity import queries as identity
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import moment
from garant.kernel.clock import SystemClock
from garant.kernel.errors import InputError, Refused
from garant.project.cli import key_root, key_store
from garant.vault import queries
from garant.vault import service as vault
from garant.vault.engines import escrow, files, sealing_off
from garant.vault.engines.escrow import SealedShare
from garant.vault.policy.states import Verb
from garant.vault.queries import OrderFacts
from garant.vault.service.setting import store

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Keys of the organisations. What takes data away from people (suspend, destroy) is ordered by one administrator of the operator "
    "and approved by another; rotation and backups need nobody.",
)
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Slug = Annotated[str, typer.Argument(help="Short name of the organisation.")]
Order = Annotated[str, typer.Argument(help="Identifier of the order, as `garant key list` shows it.")]
By = Annotated[str, typer.Option("--by", help="Login name of an administrator of the operator's organisation, who gives the password.")]
Password = Annotated[Path | None, typer.Option("--password-file", help="Read the password from this file instead of asking.")]
Code = Annotated[
    Path | None,
    typer.Option(
        "--code-file", help="Read the verification code from this file (- is standard input) instead of asking, when the person has one."
    ),
]
STANDARD_INPUT = Path("-")
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command("list")
def list_(
    slug: Annotated[str | None, typer.Argument(help="One organisation; by default all.")] = None,
    json_: Json = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Every organisation's keys with their states, and the orders that are open. Never a key.

    Exit codes: 0 shown; 2 refused, with what to write instead.
    """
    found = _tenants()
    chosen = {slug: _tenant(slug)} if slug else found
    names = {id_: name for name, id_ in found.items()}
    shown: list[dict[str, Any]] = []
    for name, id_ in chosen.items():
        with tenant_transaction(id_):
            ring = queries.ring(id_)
        shown.append({"organisation": name, **(asdict(ring) if ring else {"state": "no keys"})})
    with tenant_transaction(None, scope="operator"):
        orders = [each for each in queries.orders(open_only=True) if slug is None or each.tenant == chosen[slug]]
    if json_:
        print(json.dumps({"organisations": shown, "orders": [asdict(each) for each in orders]}, default=_plain))
        return
    for each in shown:
        due = f", destroyed on {each['due_at']:%Y-%m-%d %H:%M} UTC unless cancelled" if each.get("due_at") else ""
        print(f"{each['organisation']}: {each['state']}{due}")
        for key in each.get("keys", ()):
            print(
                f"    {key['id']}  {key['data_class']:<20} v{key['version']:<3} {key['state']:<13} {key['messages']:>13,} messages at most"
            )
    for order in orders:
        key = f" of key {order.data_key}" if order.data_key else ""
        print(f"order {order.id}: {order.verb}{key}, {names.get(order.tenant, order.tenant)}, {order.state}; {order.reason}")


@app.command()
def order(
    slug: Slug,
    verb: Annotated[str, typer.Argument(help=f"One of {', '.join(Verb)}.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the log.")],
    by: By,
    key: Annotated[str, typer.Option(help="The data key, for the orders that concern one (`garant key list`).")] = "",
    password_file: Password = None,
    code_file: Code = None,
    json_: Json = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Order an act on an organisation's keys. Nothing happens yet: what it would reach is shown and kept with the order.

    suspend makes all that was sealed unreadable at once, resume ends that. destroy does the same, takes the keys out of the store and ends
    them 180 days later (vault.days in garant.toml); until then cancel_destruction brings them back. Both need a closed organisation
    (garant tenant suspend): its people's second factors are sealed too.

    Exit codes: 0 ordered; 2 refused, with what to write instead.
    """
    at, tenant = SystemClock().now(), _tenant(slug)
    if tenant == _operator() and verb in (Verb.SUSPEND, Verb.DESTROY):
        raise InputError("the operator's own keys cannot be suspended or destroyed: nobody could sign in to bring them back")
    _require_closed(tenant, verb)
    actor = _person(by, password_file, code_file, at)
    with tenant_transaction(tenant, scope="operator"):
        made = vault.place(tenant=tenant, verb=verb, reason=reason, at=at, actor=actor, data_key=_uuid(key, "key") if key else None)
        found = queries.order(made.pk)
    assert found is not None
    if json_:
        print(json.dumps(asdict(found), default=_plain))
        return
    print(f"Order {found.id}: {found.verb} the keys of {slug}. It would reach:")
    print(_reach(found.dry_run))
    print(f"Another administrator approves it: garant key approve {found.id} --by NAME")


@app.command()
def approve(
    order: Order,
    by: By,
    password_file: Password = None,
    code_file: Code = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Approve an order as the second person, after its dry run is shown again. `execute` then carries it out.

    Exit codes: 0 approved; 2 refused, with what to write instead.
    """
    at, found = SystemClock().now(), _order(order)
    print(f"{found.verb}, ordered {found.ordered_at:%Y-%m-%d %H:%M} UTC: {found.reason}\n{_reach(found.dry_run)}", file=sys.stderr)
    actor = _person(by, password_file, code_file, at)
    with tenant_transaction(found.tenant, scope="operator"):
        vault.approve(tenant=found.tenant, order=found.id, at=at, actor=actor)
    print(f"Order {found.id} is approved. Carry it out: garant key execute {found.id} --by NAME")


@app.command()
def cancel(
    order: Order,
    by: By,
    password_file: Password = None,
    code_file: Code = None,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Take back an order that is not carried out yet. To bring back keys pending destruction, order cancel_destruction instead.

    Exit codes: 0 withdrawn; 2 refused, with what to write instead.
    """
    at, found = SystemClock().now(), _order(order)
    actor = _person(by, password_file, code_file, at)
    with tenant_transaction(found.tenant, scope="operator"):
        vault.withdraw(tenant=found.tenant, order=found.id, at=at, actor=actor)
    print(f"Order {found.id} is withdrawn.")


@app.command()
def execute(
    order: Order,
    by: By,
    share_file: Annotated[
        list[Path] | None,
        typer.Option(help="For cancel_destruction: a file with shares (`garant key share`), one a line; - is standard input. Repeat it."),
    ] = None,
    password_file: Password = None,
    code_file: Code = None,
    json_: Json = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Carry out an approved order. Killed in the middle, it is finished by the worker within a minute, or by this command again.

    Exit codes: 0 done; 2 refused, with what to write instead.
    """
    at, found = SystemClock().now(), _order(order)
    _require_closed(found.tenant, found.verb)
    actor = _person(by, password_file, code_file, at)
    given = _shares(share_file or ())
    _require_authors(found)
    with tenant_transaction(found.tenant, scope="operator"):
        vault.begin(tenant=found.tenant, order=found.id, at=at, actor=actor)
    with tenant_transaction(found.tenant, scope="operator"):
        vault.carry_out(tenant=found.tenant, order=found.id, at=at, actor=actor, shares=given)
        done = queries.order(found.id)
    assert done is not None
    if json_:
        print(json.dumps(asdict(done), default=_plain))
        return
    print(f"Order {done.id} is done: {done.verb}.")
    for name, value in done.outcome.items():
        print(f"    {name}: {value if not isinstance(value, list) else ', '.join(map(str, value)) or 'none'}")


@app.command("identity")
def identity_(
    file: Annotated[Path, typer.Argument(help="Where to write the secret; it must not exist. Keep it away from this machine.")],
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Make the identity of a person who will hold a share, and print the line for vault.recipients in garant.toml.

    Exit codes: 0 made; 2 refused.
    """
    if file.exists():
        raise InputError(f"{file} exists: an identity is not written over")
    secret, public = escrow.make_identity()
    files.write(file, f"{secret}\n".encode())
    file.chmod(0o600)
    print(public)


@app.command()
def shares(slug: Slug, data: Data = None) -> None:  # noqa: ARG001 - data is read in main
    """Print the sealed shares of keys that are pending destruction, as JSON: each holder opens theirs with `share`, on their own machine.

    Exit codes: 0 printed; 2 nothing is sealed to people.
    """
    tenant = _tenant(slug)
    held = sealing_off.sealed_off(store(), tenant)
    if held is None or not held.shares:
        raise InputError(f"no shares of the keys of {slug} exist: they are not sealed to people")
    rows = [{"number": each.number, "recipient": each.recipient, "sealed": each.sealed.hex()} for each in held.shares]
    print(json.dumps({"tenant": str(tenant), "threshold": held.threshold, "shares": rows}, indent=1))


@app.command("share")
def share_(
    file: Annotated[Path, typer.Argument(help="What `garant key shares` printed.")],
    identity: Annotated[Path, typer.Option(help="The holder's identity file.")],
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Open one's own share; give what is printed to whoever executes the cancellation. Needs neither the database nor the key store.

    Exit codes: 0 printed; 2 refused.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        tenant = uuid.UUID(found["tenant"])
        held = [SealedShare(each["number"], each["recipient"], bytes.fromhex(each["sealed"])) for each in found["shares"]]
        secret = identity.read_text(encoding="ascii").strip()
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} is not what `garant key shares` printed") from error
    print(escrow.open_share(secret, held, tenant))


for command in (key_store.rotate, key_store.backup, key_store.restore, key_store.replay, key_root.root, key_root.move):
    app.command()(command)


def _tenants() -> Mapping[str, uuid.UUID]:
    with tenant_transaction(None, scope="operator"):
        return {tenant.slug: tenant.id for tenant in identity.tenants(canaries=True)}


def _tenant(slug: str) -> uuid.UUID:
    return key_store.tenant_named(slug)


def _operator() -> uuid.UUID | None:
    with tenant_transaction(None, scope="operator"):
        return next((tenant.id for tenant in identity.tenants() if tenant.operator), None)


def _require_closed(tenant: uuid.UUID, verb: str) -> None:
    """Nobody signs in to an organisation whose keys open nothing: second factors are sealed too."""
    if verb not in (Verb.SUSPEND, Verb.DESTROY):
        return
    with tenant_transaction(None, scope="operator"):
        facts = next((each for each in identity.tenants(canaries=True) if each.id == tenant), None)
    if facts is not None and not facts.suspended:
        raise InputError(
            f"people still sign in to this organisation, and could not any more: close it first (garant tenant suspend {facts.slug})"
        )


def _order(text: str) -> OrderFacts:
    with tenant_transaction(None, scope="operator"):
        found = queries.order(_uuid(text, "order"))
    if found is None:
        raise InputError(f"there is no order {text}; `garant key list` shows them")
    return found


def _shares(files: Sequence[Path]) -> tuple[str, ...]:
    """Never from the command line: the list of processes and the history of the shell show it."""
    return tuple(line.strip() for file in files for line in _read(file).splitlines() if line.strip())


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if file == STANDARD_INPUT else file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {getattr(error, 'strerror', '') or 'it is not text'}") from error


def _code(file: Path) -> str:
    """One line: on standard input, shares may follow it."""
    return (sys.stdin.readline() if file == STANDARD_INPUT else _read(file)).strip()


def _require_authors(order: OrderFacts) -> None:
    """Whoever ordered and whoever approved are administrators of the operator still. What has begun is finished without asking."""
    if order.state != "approved":
        return
    for who, word in ((order.ordered_by, "ordered"), (order.approved_by, "approved")):
        if not _administrates(who):
            raise Refused(
                f"the person who {word} {order.id} is no active administrator of the operator's organisation any more: "
                f"withdraw it (garant key cancel {order.id}) and order anew"
            )


def _administrates(actor: str) -> bool:
    operator = _operator()
    assert operator is not None
    with tenant_transaction(operator):
        person = identity.user(uuid.UUID(actor))
        return person is not None and person.is_active and "admin" in identity.roles_of(person.pk)


def _person(login: str, password_file: Path | None, code_file: Path | None, at: datetime) -> str:
    """Who gives this word: an active administrator of the operator, by password and, where they have one, a code. As in the log."""
    operator = _operator()
    if operator is None:
        raise InputError("there is no operator here yet: start `garant up` once")
    with tenant_transaction(operator):
        person = identity.person_by_login(login, operator)
        known = person is not None and person.is_active and "admin" in identity.roles_of(person.pk)
        encoded = credentials().objects.filter(user_id=person.pk).values_list("encoded", flat=True).first() if person and known else None
        coded = person is not None and factors.factor(person.pk) is not None
    raw = password_file.read_text(encoding="utf-8").rstrip("\n") if password_file else getpass.getpass(f"Password of {login}: ")
    if person is None or not encoded or not check_password(raw, encoded):
        raise Refused(f"{login} is no administrator of the operator's organisation, or this is not their password")
    if coded:
        given = _code(code_file) if code_file else getpass.getpass(f"Verification code of {login}: ")
        with tenant_transaction(operator):
            if access.accept_code(user=person.pk, code=given, at=at) is None:
                raise Refused(f"this is not a verification code of {login}")
    return str(person.pk)


def _reach(found: Mapping[str, Any]) -> str:
    lines = [f"    {len(found['keys'])} data keys: {', '.join(sorted({key['class'] for key in found['keys']})) or 'none'}"]
    for name, word in (("rows", "sealed rows"), ("backups", "backups")):
        value = found[name]
        if value is None:
            lines.append(f"    {word}: not counted here")
        elif isinstance(value, dict):
            lines.append(f"    {word}: {', '.join(f'{place} {number:,}' for place, number in value.items()) or 'none'}")
        else:
            lines.append(f"    {word}: {', '.join(value) or 'none'}")
    if "due" in found:
        held = found["escrow"]
        kept = f"{held['threshold']} of {held['recipients']} people" if held["recipients"] else "no people are named: by procedure alone"
        lines.append(f"    destroyed on {found['due'][:10]}; until then brought back by {kept}")
    return "\n".join(lines)


def _uuid(text: str, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is not the identifier of {'a key' if name == 'key' else 'an order'}; `garant key list` shows them"
        ) from error


def _plain(value: object) -> Any:
    return moment(value) if isinstance(value, datetime) else str(value)
