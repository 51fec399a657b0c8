"""No page and no document of the trust page names a customer, whatever a failing or a broken run said."""

import dataclasses
import re
import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from garant.access.middleware import Sessions
from garant.kernel.clock import ManualClock, SystemClock
from garant.kernel.text import Text
from garant.statement import service
from support.database import Database
from support.evidence import HOUR
from support.statements import DOCUMENT, House, install
from support.visitors import BASE

pytestmark = pytest.mark.usefixtures("as_worker")

SLUGS = ("saint-elan", "trois-rapides")
INSERT = """
insert into identity_tenant (id, slug, name, host, operator, language, zone, suspended, created_at)
values (%s, %s, %s, %s, %s, 'fr-ca', 'America/Toronto', false, now())
"""


@pytest.fixture
def customers(database: Database) -> Iterator[dict[str, uuid.UUID]]:
    """The operator and two customers, one on a host of its own, committed."""
    ids = {slug: uuid.uuid4() for slug in ("operator", *SLUGS)}
    hosts = {"operator": BASE, "saint-elan": f"saint-elan.{BASE}", "trois-rapides": "trois-rapides.example"}
    with database.connect("postgres") as admin:
        for slug, host in hosts.items():
            admin.execute(INSERT, (ids[slug], slug, slug, host, slug == "operator"))
    yield ids
    with database.connect("postgres") as admin:
        admin.execute("delete from identity_tenant where id = any(%s)", [list(ids.values())])


@pytest.fixture
def house(customers: dict[str, uuid.UUID], as_worker: str, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House()
    install(made, monkeypatch)
    theirs = dataclasses.replace(settings.GARANT.application, upstream="127.0.0.1:8000")  # a demonstration names a town of its own
    monkeypatch.setattr(settings, "GARANT", dataclasses.replace(settings.GARANT, statements=("maison",), application=theirs))
    return made


def published() -> str:
    """Every public page and document, in one text."""
    client, seen = Client(headers={"x-edge-ip": "198.51.100.9", "host": BASE}), []
    proofs: set[str] = set()
    for path in ("/fr/", "/en/", "/.well-known/garant/statement.json", "/.well-known/garant/verdicts.json"):
        answer = client.get(path, secure=True)
        assert answer.status_code == 200, path
        seen.append(answer.content.decode())
        proofs.update(re.findall(r'href="(/(?:fr|en)/engagements/[^"#]+)"', seen[-1]))
    assert len(proofs) >= 8
    return "\n".join([*seen, *(client.get(path, secure=True).content.decode() for path in sorted(proofs))])


def test_no_customer_is_named_after_runs_that_fail_break_and_drift(
    house: House, customers: dict[str, uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(SystemClock().now())
    monkeypatch.setattr(Sessions, "clock", clock)
    service.import_document(DOCUMENT, at=clock.now(), actor="system:test")
    names = {slug: f"client {id_.hex[:8]}" for slug, id_ in customers.items()}

    said = [
        f"saint-elan.{BASE}/.garant/fr/login/ answered 400",
        f"https://trois-rapides.example:8443/ did not answer (trois-rapides, pomme-verte.{BASE})",
    ]
    house.doors["front"].failure, house.doors["back"].failure = said[0], Text(f"{said[1]}.", said[1])
    service.keep_once(clock=clock)
    text = published()
    assert f"{names['saint-elan']}/.garant/fr/login/ answered 400" in text
    assert f"https://{names['trois-rapides']}:8443/ did not answer ({names['trois-rapides']}, client …)" in text
    assert not any(slug in text for slug in (*SLUGS, "pomme-verte"))

    clock.advance(HOUR)
    house.doors["front"].failure = house.doors["back"].failure = ""
    house.doors["front"].drift = (f"address.map: *|saint-elan|member on trois-rapides.example and saint-elan.{BASE}",)
    service.keep_once(clock=clock)
    text = published()
    assert f"address.map: *|{names['saint-elan']}|member on {names['trois-rapides']} and {names['saint-elan']}" in text
    assert not any(slug in text for slug in SLUGS)
