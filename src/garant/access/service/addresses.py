"""Verbs on addresses. Each runs in the tenant's transaction, writes one entry, and reaches every edge with its commit.

- A change of rules is published to the edge and raises the tenant's epoch in the same transaction: no cached decision outlives it.
- Changes of one tenant's rules follow each other (its fence), so that what is published is what is in the table.
- A change that would shut its author out, or open a closed class to everyone, must be confirmed (`LockOut`).
- A request is settled by one guarded UPDATE: of two answers the second is told that somebody was faster.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from garant.access import fence
from garant.access.models import AddressRequest, NetworkRule
from garant.access.policy import addresses as policy
from garant.access.policy.addresses import Address, Answer, BadNetwork, LockOut, Rule
from garant.access.queries.addresses import RequestFacts, request_facts, rules, self_service
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.edge import service as edge
from garant.identity.queries import facts_of, roles_of, slug_of
from garant.identity.service import ADMIN, current_tenant
from garant.kernel.canonical import moment
from garant.kernel.errors import Refused
from garant.kernel.text import NBSP, Text

PENDING_AT_ONCE = 5
"""Requests that one person may have open: more is a mistake or an abuse."""


EVERYWHERE = ("0.0.0.0/0", "::/0")


class NotPossible(Refused):
    """Policy refuses this act on addresses. `text`: why, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def add_rule(
    *,
    network: str,
    verdict: str,
    classes: Iterable[str],
    at: datetime,
    actor: str,
    label: str = "",
    expires_at: datetime | None = None,
    origin: str = "admin",
    address: str | None = None,
    confirm: bool = False,
) -> uuid.UUID:
    """A new rule. `address`: where the author sits, None when it is no person. ASO-16, ASO-23, INT-53, INT-54.

    Raises BadNetwork for bad input, LockOut when the change must be confirmed.
    """
    asked = policy.parse_network(network)
    kinds = policy.checked_classes(classes)
    answer, end = Answer(verdict), policy.checked_expiry(expires_at, at)
    before = _locked_rules()
    after = (*before, Rule(asked, answer, kinds, end))
    if opening := policy.opening_by_expiry(after, at):
        raise BadNetwork(_would_open_at_its_end(opening))
    if answer is Answer.ALLOW and set(policy.open_to_all(after, at)) - set(policy.open_to_all(before, at)):
        raise BadNetwork(_no_list(asked))
    _guard(before, after, address=address, at=at, confirm=confirm)
    row = NetworkRule(
        tenant_id=current_tenant(),
        network=str(asked),
        verdict=answer.value,
        classes=list(kinds),
        label=_line(label, 120),
        origin=origin,
        expires_at=end,
        created_by=actor,
        created_at=at,
    )
    _insert(row)
    _entry(Kind.ADDRESS_RULE_ADDED, row, at=at, actor=actor)
    publish_rules(at=at, actor=actor)
    return row.id


def remove_rule(*, rule: uuid.UUID, at: datetime, actor: str, address: str | None = None, confirm: bool = False) -> bool:
    """Take a rule away; False when it was not there. Raises LockOut when the change must be confirmed, NotPossible when it may not be."""
    before = _locked_rules()
    row = NetworkRule.objects.filter(tenant_id=current_tenant(), pk=rule).first()
    if row is None:
        return False
    after = _without(before, row)
    if opening := policy.opening_by_expiry(after, at):
        raise NotPossible(_would_open_at_its_end(opening))
    _guard(before, after, address=address, at=at, confirm=confirm)
    row.delete()
    row.id = rule
    _entry(Kind.ADDRESS_RULE_REMOVED, row, at=at, actor=actor)
    publish_rules(at=at, actor=actor)
    return True


def request_address(*, user: uuid.UUID, address: str, reason: str, hours: int, at: datetime) -> RequestFacts:
    """File a request for the address that a fully identified person sits at (ASO-23, ASO-35, ASO-36).

    Opens at once when the tenant chose so, or when the person is an administrator of the tenant, whose approval it would need; then
    for the tenant's hours at most. Raises NotPossible when there is nothing to ask for, BadNetwork for bad input.
    """
    choice = self_service()
    if choice.mode == "off":
        raise NotPossible(
            Text(
                "Votre organisation n’accepte pas les demandes d’adresse. Parlez à une personne qui l’administre.",
                "Your organisation does not take address requests. Talk to one of its administrators.",
            )
        )
    sits_at = policy.parse_address(address)
    before = _locked_rules()
    _check_useful(before, sits_at, at)
    administrator = ADMIN in roles_of(user)
    granted = policy.opened_for("hours" if administrator else choice.mode, _checked_hours(hours), choice.hours)
    row = AddressRequest(
        tenant_id=current_tenant(),
        user_id=user,
        network=str(policy.own_network(sits_at)),
        reason=_checked_reason(reason),
        hours=hours,
        state="pending" if granted is None else "auto",
        created_at=at,
        expires_at=at + (policy.ANSWER_WITHIN if granted is None else timedelta(hours=granted)),
    )
    _file(row)
    _request_entry(Kind.ADDRESS_REQUESTED, row, at=at, actor=str(user))
    if granted is not None:
        _open(before, row, approved_by=str(user) if administrator else "system:tenant-policy", at=at)
    return request_facts(row)


def approve_request(*, request: uuid.UUID, at: datetime, actor: str, hours: int | None = None) -> RequestFacts:
    """Open the requested address for the hours asked, or for `hours`. Raises NotPossible when the request is no longer pending."""
    before = _locked_rules()
    row = _settle(request, "approved", at=at, actor=actor)
    granted = _checked_hours(row.hours if hours is None else hours)
    AddressRequest.objects.filter(pk=row.pk).update(expires_at=at + timedelta(hours=granted))
    row.expires_at = at + timedelta(hours=granted)
    _request_entry(Kind.ADDRESS_APPROVED, row, at=at, actor=actor)
    _open(before, row, approved_by=actor, at=at)
    return request_facts(row)


def refuse_request(*, request: uuid.UUID, at: datetime, actor: str) -> RequestFacts:
    """Refuse a pending request. Raises NotPossible when it is no longer pending."""
    row = _settle(request, "refused", at=at, actor=actor)
    _request_entry(Kind.ADDRESS_REFUSED, row, at=at, actor=actor)
    return request_facts(row)


def expire_due(*, at: datetime, actor: str = "system:worker") -> int:
    """Remove the rules of this tenant whose end has come, close what nobody answered or is over; how many rules went. Run every minute."""
    _locked_rules()
    gone = list(NetworkRule.objects.filter(tenant_id=current_tenant(), expires_at__lte=at))
    for row in gone:
        _entry(Kind.ADDRESS_RULE_EXPIRED, row, at=at, actor=actor)
    NetworkRule.objects.filter(pk__in=[row.pk for row in gone]).delete()
    ending = [state for state in policy.TRANSITIONS if policy.may_become(state, "expired")]
    _lapse(AddressRequest.objects.filter(tenant_id=current_tenant(), state__in=ending, expires_at__lte=at), "time", at=at, actor=actor)
    if gone:
        publish_rules(at=at, actor=actor)
    return len(gone)


def publish_rules(*, at: datetime, actor: str) -> None:
    """Give the edge the live rules of this tenant, and end every decision taken under the former ones.

    Also after a change of the tenant's choice about requests (`address_mode`), which opens or closes the page of requests.
    """
    tenant = current_tenant()
    edge.put_address_rules(tenant=tenant, rules=compiled_rules(at=at), at=at, actor=actor)
    edge.revoke(kind="t", key=slug_of(tenant), tenant=tenant, at=at, actor=actor)


def compiled_rules(*, at: datetime) -> list[edge.AddressRule]:
    """What the edge should enforce for this tenant at `at`. Nothing expired is in it.

    Where requests are taken, their page answers from anywhere but from networks that are expressly refused. The public routes of a
    suspended organisation are closed to all: nobody asks for a decision on them.
    """
    if facts_of(current_tenant()).suspended:
        return [edge.AddressRule(kind="deny", network=network, classes=("public",)) for network in EVERYWHERE]
    open_to_requests = self_service().mode != "off"
    compiled = []
    for rule in rules():
        if rule.live(at):
            denied_too = ("address",) if open_to_requests and rule.answer is Answer.DENY else ()
            compiled.append(edge.AddressRule(kind=rule.answer.value, network=str(rule.network), classes=(*rule.classes, *denied_too)))
    if open_to_requests:
        compiled += [edge.AddressRule(kind="allow", network=network, classes=("address",)) for network in EVERYWHERE]
    return compiled


def _locked_rules() -> tuple[Rule, ...]:
    fence.hold(current_tenant())
    return rules()


def _no_list(network: policy.Network) -> Text:
    return Text(
        f"Avec {network}, la liste nommerait toutes les adresses{NBSP}: ce ne serait plus une liste. Écrivez les réseaux de vos bureaux, "
        "par exemple 198.51.100.0/24.",
        f"With {network} the list would name every address: that is no list. Write the networks of your offices, for example "
        "198.51.100.0/24.",
    )


def _without(before: Sequence[Rule], row: NetworkRule) -> tuple[Rule, ...]:
    network, answer = policy.parse_network(row.network), Answer(row.verdict)
    return tuple(rule for rule in before if (rule.network, rule.answer) != (network, answer))


def _guard(before: Sequence[Rule], after: Sequence[Rule], *, address: str | None, at: datetime, confirm: bool) -> None:
    if confirm:
        return
    if opened := policy.unconfined(before, after, at):
        raise LockOut(
            Text(
                f"Ce changement ouvre à toutes les adresses les pages suivantes{NBSP}: {_kinds(opened).fr}. Confirmez-le si c’est voulu.",
                f"This change opens these pages to every address: {_kinds(opened).en}. Confirm it if that is what you want.",
            )
        )
    if address is None:
        return
    here = policy.parse_address(address)
    if policy.locks_out(after, here, at):
        raise LockOut(
            Text(
                f"Ce changement exclut votre propre adresse, {here}{NBSP}: vous ne pourriez plus vous connecter d’ici. "
                "Ajoutez d’abord votre adresse, ou confirmez.",
                f"This change shuts out your own address, {here}: you could no longer sign in from here. "
                "Add your address first, or confirm.",
            )
        )


def _check_useful(before: Sequence[Rule], address: Address, at: datetime) -> None:
    answers = [policy.verdict(before, address, kind, at) for kind in policy.CLASSES]
    if Answer.DENY not in answers:
        raise NotPossible(
            Text(
                f"L’adresse {address} est déjà permise{NBSP}: il n’y a rien à demander.",
                f"The address {address} is allowed already: there is nothing to ask for.",
            )
        )
    denies = [rule for rule in before if rule.answer is Answer.DENY]
    if any(policy.verdict(denies, address, kind, at) is Answer.DENY for kind in policy.NEEDED):
        raise NotPossible(
            Text(
                f"L’adresse {address} est expressément refusée par votre organisation. Parlez à une personne qui l’administre.",
                f"The address {address} is expressly refused by your organisation. Talk to one of its administrators.",
            )
        )


def _open(before: Sequence[Rule], row: AddressRequest, *, approved_by: str, at: datetime) -> None:
    """The temporary allow of a request: in every closed class, where a lasting allow stands already. A longer one is left as it is."""
    found = NetworkRule.objects.filter(tenant_id=current_tenant(), network=row.network, verdict="allow").first()
    kinds = policy.confined(before, at)
    if not kinds:
        return
    if found is None:
        found = NetworkRule(
            tenant_id=current_tenant(),
            network=row.network,
            verdict="allow",
            classes=list(kinds),
            label=_line(row.reason, 120),
            origin="self",
            expires_at=row.expires_at,
            created_by=str(row.user_id),
            approved_by=approved_by,
            created_at=at,
        )
        found.save(force_insert=True)
        _entry(Kind.ADDRESS_RULE_ADDED, found, at=at, actor=approved_by)
    elif found.expires_at is not None:
        found.classes = list(kinds)
        found.expires_at = max(found.expires_at, row.expires_at)
        found.approved_by = approved_by
        found.save(update_fields=["classes", "expires_at", "approved_by"])
        _entry(Kind.ADDRESS_RULE_ADDED, found, at=at, actor=approved_by)
    publish_rules(at=at, actor=approved_by)


def _settle(request: uuid.UUID, state: str, *, at: datetime, actor: str) -> AddressRequest:
    pending = AddressRequest.objects.filter(pk=request, tenant_id=current_tenant(), state="pending", expires_at__gt=at)
    if not pending.update(state=state, decided_by=actor, decided_at=at):
        raise NotPossible(
            Text(
                "Cette demande n’attend plus de réponse\N{NO-BREAK SPACE}: quelqu’un y a répondu, ou elle a expiré.",
                "This request no longer waits for an answer: somebody answered it, or it expired.",
            )
        )
    return AddressRequest.objects.select_related("user").get(pk=request)


def _file(row: AddressRequest) -> None:
    mine = AddressRequest.objects.filter(tenant_id=row.tenant_id, user_id=row.user_id, state="pending")
    if mine.filter(expires_at__gt=row.created_at).exclude(network=row.network).count() >= PENDING_AT_ONCE:
        raise NotPossible(
            Text(
                f"Vous avez déjà {PENDING_AT_ONCE} demandes en attente. Attendez une réponse avant d’en faire une autre.",
                f"You already have {PENDING_AT_ONCE} requests waiting. Wait for an answer before you make another.",
            )
        )
    _lapse(mine.filter(network=row.network), "replaced", at=row.created_at, actor=str(row.user_id))
    row.save(force_insert=True)


def _lapse(requests: QuerySet[AddressRequest], why: str, *, at: datetime, actor: str) -> None:
    """These requests are over without anybody's answer, or their time is: an entry each. `why`: `time` or `replaced`."""
    for row in requests.select_for_update().order_by("created_at", "id"):
        was = row.state
        row.state = "expired"
        if why == "replaced":
            row.decided_at = at
        row.save(update_fields=["state", "decided_at"])
        _request_entry(Kind.ADDRESS_LAPSED, row, at=at, actor=actor, was=was, why=why)


def _insert(row: NetworkRule) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise BadNetwork(
            Text(
                f"Le réseau {row.network} est déjà dans la liste. Retirez d’abord l’ancienne ligne.",
                f"The network {row.network} is in the list already. Remove the old line first.",
            )
        ) from error


def _checked_hours(hours: int) -> int:
    if not 1 <= hours <= policy.HOURS[-1]:
        raise BadNetwork(
            Text(
                f"Choisissez une durée de 1 à {policy.HOURS[-1]} heures.",
                f"Choose a duration of 1 to {policy.HOURS[-1]} hours.",
            )
        )
    return hours


def _checked_reason(reason: str) -> str:
    line = _line(reason, 300)
    if len(line) < 3:
        raise BadNetwork(
            Text(
                "Dites en quelques mots pourquoi vous travaillez de cette adresse.",
                "Say in a few words why you work from this address.",
            )
        )
    return line


def _line(text: str, length: int) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:length]


def _kinds(kinds: Sequence[str]) -> Text:
    words = {
        "public": Text("publiques", "public"),
        "login": Text("de connexion", "sign-in"),
        "member": Text("réservées", "reserved"),
    }
    return Text(", ".join(words[kind].fr for kind in kinds), ", ".join(words[kind].en for kind in kinds))


def _would_open_at_its_end(kinds: Sequence[str]) -> Text:
    return Text(
        f"Une autorisation temporaire ne peut pas être seule{NBSP}: à sa fin, ces pages s’ouvriraient à toutes les adresses "
        f"({_kinds(kinds).fr}). Gardez-y au moins un réseau permis sans date de fin.",
        f"A temporary rule cannot stand alone: at its end these pages would open to every address ({_kinds(kinds).en}). "
        "Keep at least one network there that is allowed without an end.",
    )


def _entry(kind: Kind, row: NetworkRule, *, at: datetime, actor: str) -> None:
    audit.append(
        kind,
        at=at,
        actor=actor,
        tenant=row.tenant_id,
        payload={
            "rule": str(row.id),
            "network": row.network,
            "verdict": row.verdict,
            "classes": list(row.classes),
            "origin": row.origin,
            "expires_at": moment(row.expires_at) if row.expires_at else None,
        },
    )


def _request_entry(kind: Kind, row: AddressRequest, *, at: datetime, actor: str, **more: str) -> None:
    audit.append(
        kind,
        at=at,
        actor=actor,
        tenant=row.tenant_id,
        payload={
            "request": str(row.id),
            "user": str(row.user_id),
            "network": row.network,
            "state": row.state,
            "expires_at": moment(row.expires_at),
            **more,
        },
    )
