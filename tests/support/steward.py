"""Hands inside a running deployment, for tests: one process per database role that answers one JSON line per JSON line.

    python -m support.steward worker        (environment as the supervisor gives it)

- `organisation`, `keys`: make one with its keys; suspend, resume and rotate them (role web).
- `person`: make somebody with a password, in a tenant (role web).
- `keep`: run the measures of one promise or of the claims named, now (role worker), and tell the verdicts.
- `places`, `place`, `require_target`: another register (role worker), a customer placed, a target asked for (role web).
- `keep_promise`: run the measure of one promise key, now, and tell its own verdict.
- `verdicts`: the state of every claim of every statement, as published.

Measures that wait for a change to reach every edge wait `REACH` here, not the ten seconds that a customer's deployment is given: what the
tests break stays broken.
"""

import json
import secrets
import sys
import traceback
import uuid
from typing import Any

import django

django.setup()

from garant.access import service as access  # noqa: E402 - Django is set up first
from garant.access.engines import address_probe  # noqa: E402
from garant.access.promises import acts  # noqa: E402
from garant.access.queries import address_rules as addresses  # noqa: E402
from garant.data import service as data  # noqa: E402
from garant.drivers.process import Deadline  # noqa: E402
from garant.identity import queries as identity  # noqa: E402
from garant.identity import service as identities  # noqa: E402
from garant.identity.service import tenant_transaction  # noqa: E402
from garant.kernel.clock import SystemClock  # noqa: E402
from garant.statement import queries as statements  # noqa: E402
from garant.statement import service as statement  # noqa: E402
from garant.statement.queries.binding import documents, registry  # noqa: E402
from garant.statement.queries.schedule import upcoming  # noqa: E402
from garant.vault import service as vault  # noqa: E402
from garant.vault.service import states  # noqa: E402

CLOCK = SystemClock()
REACH = 4.0
for module in (acts, address_probe):
    vars(module)["REACH"] = REACH


def person(*, tenant: str, login: str, roles: list[str], name: str = "") -> dict[str, str]:
    """A person with a generated password; the same login again gets a new password."""
    with tenant_transaction(None, scope="operator"):
        facts = next(each for each in identity.tenants() if each.slug == tenant)
    password = secrets.token_urlsafe(18)
    with tenant_transaction(facts.id, scope="operator" if facts.operator else ""):
        now = CLOCK.now()
        found = next((each for each in identity.people() if each.login == login), None)
        user = found or identities.add_user(login=login, name=name or login, at=now, actor="system:test", roles=tuple(roles))
        access.set_password(user=user.id, raw=password, at=now, actor="system:test")
    return {"user": str(user.id), "password": password}


def organisation(*, slug: str, host: str, operator: bool = False) -> str:
    """An organisation with its keys; the same slug again is the same one. Its id."""
    with tenant_transaction(None, scope="operator"):
        found = identity.tenant_of_slug(slug)
    id_ = found.id if found else uuid.uuid4()
    with tenant_transaction(id_, scope="operator"):
        if found is None:
            identities.add_tenant(id_=id_, slug=slug, name=slug.title(), host=host, at=CLOCK.now(), actor="system:test", operator=operator)
        vault.make_root()
        vault.make_tenant_keys(tenant=id_, at=CLOCK.now(), actor="system:test")
    return str(id_)


def keys(*, tenant: str, act: str) -> bool | None:
    """`suspend`, `resume` or `rotate` the keys of an organisation."""
    with tenant_transaction(None, scope="operator"):
        facts = identity.tenant_of_slug(tenant)
    assert facts is not None
    with tenant_transaction(facts.id):
        if act == "rotate":
            return vault.rotate(tenant=facts.id, at=CLOCK.now(), actor="system:test")
        verb = {"suspend": states.suspend, "resume": states.resume}[act]
        return verb(tenant=facts.id, at=CLOCK.now(), actor="system:test", reason="a test")


def only_from(*, tenant: str, networks: list[str]) -> None:
    """The tenant's allowed networks become these, by the product's own verbs (role web)."""
    with tenant_transaction(None, scope="operator"):
        facts = next(each for each in identity.tenants() if each.slug == tenant)
    with tenant_transaction(facts.id):
        now = CLOCK.now()
        before = [rule for rule in addresses() if rule.verdict == "allow"]
        for network in set(networks) - {rule.network for rule in before}:
            access.add_rule(network=network, verdict="allow", classes=("login", "member"), at=now, actor="system:test", confirm=True)
        for rule in before:
            if rule.network not in networks:
                access.remove_rule(rule=rule.id, at=now, actor="system:test", confirm=True)


def places(*, text: str) -> int:
    """Another register of places in force (role worker); the number of its version."""
    return data.import_places(text, at=CLOCK.now(), actor="system:test").number


def place(*, tenant: str, country: str, regions: list[str] | None = None) -> bool:
    """A customer placed by the product's own verb (role web)."""
    with tenant_transaction(None, scope="operator"):
        facts = next(each for each in identity.tenants() if each.slug == tenant)
    with tenant_transaction(facts.id, scope="operator"):
        return data.set_placement(country=country, regions=tuple(regions or ()), at=CLOCK.now(), actor="system:test")


def require_target(*, tenant: str, store: str, categories: list[str]) -> str:
    """What a writer asks before the first byte (role web): the region, or the reason of the refusal."""
    with tenant_transaction(None, scope="operator"):
        facts = next(each for each in identity.tenants() if each.slug == tenant)
    try:
        found = data.require_target(store=store, tenant=facts.id, categories=categories, at=CLOCK.now(), actor="system:test")
    except data.TargetRefused as refused:
        return f"refused: {refused}"
    return found.region


def keep(*, claims: list[str]) -> dict[str, str]:
    """Run every measure on which these claims rest, then tell their states. Waits while another process runs one of them."""
    wanted = {promise.identity for document in documents() for claim in document.claims if claim.id in claims for promise in claim.promises}
    table = registry()
    for due in upcoming(table, documents(), CLOCK.now()):
        if due.promise.identity in wanted:
            for _ in Deadline(200).tries(0.5):
                if statement.keep_promise(promise=due.promise, keeper=due.keeper, clock=CLOCK, registry=table) is not None:
                    break
    return {claim: found["state"] for claim, found in verdicts().items() if claim in claims}


def keep_promise(*, key: str) -> str:
    """Measure one promise key of the statements in force, now; the state of its newest run."""
    table = registry()
    for due in upcoming(table, documents(), CLOCK.now()):
        if due.promise.key == key:
            for _ in Deadline(200).tries(0.5):
                kept = statement.keep_promise(promise=due.promise, keeper=due.keeper, clock=CLOCK, registry=table)
                if kept is not None:
                    return kept.verdict.state.value
    raise LookupError(f"no statement in force binds {key}")


def verdicts() -> dict[str, Any]:
    """Claim id to state and reasons, over all statements in force."""
    found = {}
    for document in documents():
        page = statements.page(document.slug, now=CLOCK.now())
        for chapter in page.chapters if page else ():
            for claim in chapter.claims:
                found[claim.id] = {"state": str(claim.state), "reason": claim.reason.en, "number": claim.number.en, "words": claim.words.en}
    return found


VERBS = {
    "person": person,
    "places": places,
    "place": place,
    "require_target": require_target,
    "organisation": organisation,
    "keys": keys,
    "only_from": only_from,
    "keep": keep,
    "keep_promise": keep_promise,
    "verdicts": verdicts,
}


def main() -> None:
    """Answer until the other side closes. An error is an answer too: the test shows it."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"ok": VERBS[asked.pop("verb")](**asked)}
        except Exception:  # noqa: BLE001 - the outer loop of this process: the test must see what happened
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)  # noqa: T201 - its one way of speaking


if __name__ == "__main__":
    main()
