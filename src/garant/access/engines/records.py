"""Looks into the database and at the rules themselves (INT-33, EHQ-27, ASO-18, ASO-19, CIR-07).

- `UniqueRecords`: the constraints are there and valid, nothing contradicts them, and a duplicate is refused when it is really tried.
- `FactorDefault`: an organisation that never chose asks for a second factor; the validator passes the vectors of RFC 6238; somebody
  without a factor is led to the drawing that Microsoft Authenticator scans.
- `FactorUrged`: the rule of each organisation, the page that urges, and the share of people that enrolled.
- `OwnSettings`: each setting can be changed for one organisation, and changes for no other (tried and rolled back).
"""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from garant.access.engines.enrolment import key_uri
from garant.access.engines.probes import Canaries, Site, give_password, insider, mark, population, rules_of
from garant.access.policy import totp
from garant.access.policy.canary import LOGIN_PREFIX
from garant.access.policy.settings import FactorRule
from garant.access.queries.factors import enrolment
from garant.access.queries.settings import settings
from garant.drivers.http_probe import Answer
from garant.identity.queries import TenantFacts
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json
from garant.kernel.promise import Canary as Planted
from garant.kernel.promise import Observation, Promise

CONSTRAINTS = {
    "login_unique_in_tenant": ("identity_user", ("login_key", "tenant_id")),
    "one_password_a_person": ("access_password_credential", ("user_id",)),
    "email_unique_in_tenant": ("identity_user", ("email_key", "tenant_id")),
}

RFC_6238 = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"}
"""Appendix B, SHA-1: seconds since 1970 to the last six of the eight digits."""

RFC_SECRET = b"12345678901234567890"

UNIQUE = """
select array_agg(a.attname::text order by a.attname)
from pg_index i join pg_class t on t.oid = i.indrelid join pg_attribute a on a.attrelid = t.oid and a.attnum = any(i.indkey)
where t.relname = %s and i.indisunique and i.indisvalid group by i.indexrelid
"""


class UniqueRecords:
    """The engine of access.unique_credentials."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the database enforces
        return ()

    def observe(self, promise: Promise) -> Observation:
        everyone = population()
        missing = [name for name, (table, columns) in CONSTRAINTS.items() if tuple(columns) not in _unique(table)]
        duplicates = people = 0
        refused, possible = True, True
        for tenant in everyone:
            with tenant_transaction(tenant.id):
                counted, distinct = _counts(tenant)
                people, duplicates = people + counted, duplicates + counted - distinct
                taken = get_user_model().objects.filter(tenant_id=tenant.id).values_list("login_key", flat=True).first()
                if taken is not None:
                    refused = refused and not _can_add(tenant, str(taken), self.site.now)
                    possible = possible and _can_add(tenant, f"{LOGIN_PREFIX}{uuid.uuid4().hex}", self.site.now)
        facts: dict[str, Json] = {
            "aspect": str(promise.parameters.get("aspect", "unique")),
            "tenants": len(everyone),
            "people": people,
            "duplicates": duplicates,
            "missing_constraints": missing,
            "duplicate_refused": refused,
        }
        planted = (Planted.HELD if possible else Planted.MISSED) if people else Planted.NONE
        return Observation(len(everyone) if people else 0, len(everyone), facts, planted)


class FactorDefault:
    """The engine of access.factor_default."""

    def __init__(self, site: Site, canaries: Canaries) -> None:
        self.site, self._canaries = site, canaries

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002
        with tenant_transaction(uuid.uuid4()):
            rule = settings().factor_rule
        right = [
            seconds
            for seconds, digits in RFC_6238.items()
            if totp.matching_step(RFC_SECRET, digits, datetime.fromtimestamp(seconds, UTC), None) == seconds // 30
        ]
        wrong = [
            digits for digits in ("000000", "94287082", "") if totp.matching_step(RFC_SECRET, digits, datetime.fromtimestamp(59, UTC), None)
        ]
        led, asked, scope = led_to_enrolment(self.site, self._canaries, lambda found: found is FactorRule.REQUIRED)
        facts: dict[str, Json] = {
            "new_tenant_rule": rule.value,
            "vectors": len(RFC_6238),
            "vectors_right": len(right),
            "algorithm": "SHA1",
            "digits": totp.DIGITS,
            "period_seconds": totp.PERIOD,
            "plain_uri": re.search(r"(algorithm|digits|period)=", key_uri(RFC_SECRET, "Garant", "x")) is None,
            "asked": asked,
            "led_to_enrolment": led,
        }
        return Observation(1 + asked, 1 + scope, facts, Planted.MISSED if wrong else Planted.HELD)


class FactorUrged:
    """The engine of access.factor_urged."""

    def __init__(self, site: Site, canaries: Canaries) -> None:
        self.site, self._canaries = site, canaries

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002
        everyone = population()
        people = enrolled = 0
        off: list[Json] = []
        for tenant in everyone:
            with tenant_transaction(tenant.id):
                share, rule = enrolment(), settings().factor_rule
            people, enrolled = people + share.people, enrolled + share.enrolled
            if rule is FactorRule.OFF:
                off.append(mark(tenant))
        led, asked, _ = led_to_enrolment(self.site, self._canaries, lambda found: found is not FactorRule.OFF)
        facts: dict[str, Json] = {
            "tenants": len(everyone),
            "not_urged": off,
            "asked": asked,
            "led_to_enrolment": led,
            "people": people,
            "enrolled": enrolled,
        }
        return Observation(asked + len(off), len(everyone), facts)


class OwnSettings:
    """The engine of access.tenant_settings. `try_each` changes every setting of a tenant and rolls back: name to whether it held."""

    def __init__(self, try_each: Callable[[TenantFacts], Mapping[str, bool]]) -> None:
        self._try_each = try_each

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002
        return ()

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002
        everyone = population()
        tried = {tenant: self._try_each(tenant) for tenant in everyone}
        failed: list[Json] = [
            {"tenant": mark(tenant), "setting": name} for tenant, found in tried.items() for name, held in found.items() if not held
        ]
        names = sorted({name for found in tried.values() for name in found})
        facts: dict[str, Json] = {"tenants": len(tried), "settings": names, "failed": failed}
        return Observation(len(tried), len(everyone), facts)


def led_to_enrolment(site: Site, canaries: Canaries, wanted: Callable[[FactorRule], bool]) -> tuple[int, int, int]:
    """Of the tenants whose rule is wanted: how many lead somebody without a factor to the enrolment page, how many were asked, and how
    many there are: where no probe may come in, nobody was asked."""
    led = asked = scope = 0
    for tenant in population():
        with tenant_transaction(tenant.id):
            rule = settings().factor_rule
        if not wanted(rule):
            continue
        scope += 1
        source = insider(rules_of(tenant), site.now)
        if source is None:
            continue
        asked += 1
        with canaries(tenant, roles=("member",), at=site.now, factor=False) as canary:
            browser = site.browser(tenant, source=source)
            _, page = give_password(browser, canary)
            shut = browser.get("/").status != 200
            led += _is_enrolment(page) and shut
    return led, asked, scope


def _is_enrolment(page: Answer) -> bool:
    """A drawing to scan, the secret to type instead, and a field for the first code."""
    secret = re.search(r"(?:[A-Z2-7]{4}[ \u00a0]){7}[A-Z2-7]{4}", page.text)
    return page.status == 200 and "<svg" in page.text and 'name="code"' in page.text and secret is not None


def _unique(table: str) -> set[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(UNIQUE, [table])
        return {tuple(columns) for (columns,) in cursor.fetchall()}


def _counts(tenant: TenantFacts) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("select count(*), count(distinct login_key) from identity_user where tenant_id = %s", [tenant.id])
        row = cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _can_add(tenant: TenantFacts, key: str, at: datetime) -> bool:
    """Whether the database would take one more account under this name; nothing stays."""
    model = get_user_model()
    made = uuid.uuid4()
    row = model(id=made, tenant_id=tenant.id, username=str(made), login=key, login_key=key, name="–", is_active=False, created_at=at)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True
