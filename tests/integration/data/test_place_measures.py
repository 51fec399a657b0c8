"""Measures of places, each with a sight of the test's own: what is seen elsewhere turns the verdict, and nothing seen proves nothing."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from garant.data import service
from garant.data.engines.eyes import Eyes, Peers, Talk
from garant.data.policy.reality import Spoken
from garant.data.promises import places as promises
from garant.data.queries import places as queries
from garant.identity import service as identity
from garant.identity.service import tenant_transaction
from garant.kernel.clock import ManualClock
from garant.kernel.deployment import Deployment
from garant.kernel.keep import keep
from garant.kernel.promise import Canary, Evidence, Keeper, Observation, Promise
from garant.kernel.verdicts import State, Verdict
from garant.project import provision
from support.database import Database
from support.registers import CALGARY, ELSEWHERE, HERE, ONE_SITE, QUEBEC, VIRGINIE, Book, Kept, operational, two_sites

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
REPLICA = Kept("replica", "replica", "calgary", "postgresql://127.45.0.9:5432")

SIGHT = Eyes(
    identities=lambda: HERE,
    resolve=lambda name, servers: (name,) if name[0].isdigit() else (),
    bucket=lambda store: store.location,
    lender=lambda path: "",
    peers=lambda: Peers((), ("",)),
    talk=lambda: Talk((), planted=True, processes=8),
    hosts=lambda: {"trust.example.org": "trust.example.org"},
    database=lambda: "",
)
"""Everything is where the register says."""


@pytest.fixture
def put(transactional_db: None, database: Database) -> Iterator[Callable[[Book], None]]:
    """Puts a register in force, as the worker, under whose role the measures run too."""
    towns = {}
    for slug, country in (("saint-elan", "CA"), ("trois-rapides", "CA")):
        towns[slug] = uuid.uuid4()
        with tenant_transaction(towns[slug], scope="operator"):
            identity.add_tenant(id_=towns[slug], slug=slug, name=slug, host=f"{slug}.garant.localhost", at=NOW, actor="system:test")
            service.set_placement(country=country, at=NOW, actor="system:test")
    database.aim("worker")
    provision.prepare(database.data)
    yield lambda book: service.import_places(book.toml(), at=NOW, actor="system:test") and None
    database.aim("web")


def verdicts(
    database: Database, key: str, parameters: dict[str, Any], sight: Eyes = SIGHT, data_map: Path | None = None
) -> dict[str, Verdict]:
    """Each measure of a promise, run once."""
    clock = ManualClock(NOW)
    place = Deployment("garant.localhost", 1, 2, database.data, clock=clock)
    promise = Promise(key, parameters)
    found = {}
    for keeper in promises.keepers(place, sight, data_map=data_map)[key]:
        assert isinstance(keeper, Keeper)
        kept = keep(promise, keeper, record=_record, publish=lambda kept: None, clock=clock)
        found[keeper.measure.key] = kept.verdict
    return found


def _record(promise: Promise, measure: Any, seen: Any, now: datetime) -> list[Evidence]:
    error = None if isinstance(seen, Observation) else seen
    told = seen if isinstance(seen, Observation) else Observation(0, 0, {}, Canary.NONE)
    return [
        Evidence(
            "1", promise.identity, measure.key, now, now, now + measure.freshness, told.checked, told.in_scope, told.facts, told.canary,
            tuple(told.drift), str(error) if error else None, "0" * 64, 1,
        )
    ]  # fmt: skip


CANADA = {"countries": ["CA"]}


def test_one_site_in_canada_is_as_it_should_be_and_on_a_word(put: Callable[[Book], None], database: Database) -> None:
    put(ONE_SITE)
    found = verdicts(database, "data.place", {"kinds": ["database", "files"], **CANADA})
    assert {key: each.state for key, each in found.items()} == {
        "places.register": State.KEPT,
        "places.observed": State.KEPT,
        "places.vouched": State.ATTESTED,
    }
    assert "Attested by Hébergement Montréal (document SHA-256 5f5f5f5f" in found["places.vouched"].reason.en


@pytest.mark.parametrize(
    ("sight", "said"),
    [
        (replace(SIGHT, identities=lambda: ELSEWHERE), "is on a machine that is not of the site montreal"),
        (replace(SIGHT, database=lambda: "db.elsewhere.example.org"), "Database is on a machine that is not of the site montreal"),
        (replace(SIGHT, lender=lambda path: "127.77.0.1" if "files" in path else ""), "The directory of files is lent by 127.77.0.1"),
        (replace(SIGHT, peers=lambda: Peers(("203.0.113.9",), ("",))), "A replica at 203.0.113.9 follows the database"),
    ],
)
def test_what_is_seen_elsewhere_breaks_it(put: Callable[[Book], None], database: Database, sight: Eyes, said: str) -> None:
    put(ONE_SITE)
    found = verdicts(database, "data.place", {"kinds": ["database", "files"], **CANADA}, sight)["places.observed"]
    assert found.state is State.BROKEN
    assert said in found.reason.en


def test_a_store_that_cannot_be_looked_at_proves_nothing(put: Callable[[Book], None], database: Database) -> None:
    put(ONE_SITE.with_store(Kept("backup", "backup", "montreal", "sftp://nowhere.example.org/x")))
    found = verdicts(database, "data.place", {"kinds": ["backup"], **CANADA})["places.observed"]
    assert found.state is State.UNPROVEN
    put(ONE_SITE.place("montreal", machines=()))
    assert verdicts(database, "data.place", {"kinds": ["database"], **CANADA})["places.observed"].state is State.UNPROVEN


def test_a_bucket_that_says_another_region_breaks_it(put: Callable[[Book], None], database: Database) -> None:
    more = 'location = "ca-central-1"\nendpoint = "https://127.45.0.9"'
    put(two_sites().with_store(Kept("bucket", "object_store", "calgary", "s3://sauvegardes", more=more)))
    asked = {"kinds": ["object_store"], **CANADA}
    assert verdicts(database, "data.place", asked)["places.observed"].state is State.KEPT
    found = verdicts(database, "data.place", asked, replace(SIGHT, bucket=lambda store: "us-east-1"))["places.observed"]
    assert (found.state, "says that it is in us-east-1, the register says ca-central-1" in found.reason.en) == (State.BROKEN, True)


def test_a_registered_replica_must_follow(put: Callable[[Book], None], database: Database) -> None:
    put(two_sites().with_store(REPLICA))
    asked = {"kinds": ["replica"], **CANADA}
    assert verdicts(database, "data.place", asked)["places.observed"].state is State.UNPROVEN
    following = replace(SIGHT, peers=lambda: Peers(("127.45.0.9",), ("",)))
    assert verdicts(database, "data.place", asked, following)["places.observed"].state is State.KEPT


def test_nothing_in_scope_is_never_green(put: Callable[[Book], None], database: Database) -> None:
    put(ONE_SITE)
    assert {each.state for each in verdicts(database, "data.place", {"kinds": ["backup"], **CANADA}).values()} == {State.UNPROVEN}
    assert verdicts(database, "data.tenant_place", {"country": "NZ", "regions": ["region-montreal"]})["places.tenants"].state is (
        State.UNPROVEN
    )
    assert verdicts(database, "data.site", {"role": "secondary", "province": "CA-AB"})["site.observed"].state is State.UNPROVEN
    assert verdicts(database, "data.jurisdiction", {})["jurisdiction.same"].state is State.UNPROVEN


def test_a_place_that_nobody_knows_or_vouches_for_is_unproven(put: Callable[[Book], None], database: Database) -> None:
    unknown = replace(ONE_SITE, countries='CA = ["region-montreal"]')
    put(unknown.place("montreal", country="ZZ", province="", city="", word=False))
    found = verdicts(database, "data.place", {"kinds": ["database"], **CANADA})
    assert found["places.register"].state is State.UNPROVEN
    assert found["places.vouched"].reason.en == "Nobody vouches for where database is."
    site = verdicts(database, "data.site", {"role": "primary", "city": "Montréal"})["site.observed"]
    assert (site.state, site.reason.en) == (State.UNPROVEN, "The register does not say where the site montreal is.")


def test_a_word_that_has_ended_is_stale(put: Callable[[Book], None], database: Database) -> None:
    put(ONE_SITE.place("montreal", until="2026-11-01"))
    assert verdicts(database, "data.place", {"kinds": ["database"], **CANADA})["places.vouched"].state is State.STALE


def test_the_second_site_is_another_one(put: Callable[[Book], None], database: Database) -> None:
    asked = {"role": "secondary", "province": "CA-AB", "kinds": ["backup"]}
    put(two_sites())
    assert verdicts(database, "data.site", asked)["site.observed"].state is State.KEPT
    put(two_sites().place("quebec", machines=ELSEWHERE).place("calgary", machines=HERE))
    assert verdicts(database, "data.site", asked)["site.observed"].state is State.BROKEN
    put(two_sites().place("calgary", city="Toronto", province="CA-ON"))
    found = verdicts(database, "data.site", asked)["site.observed"]
    assert (found.state, found.reason.en) == (State.BROKEN, "The site calgary is in CA-ON; the sentence says CA-AB.")


def test_processes_of_ours_elsewhere_break_the_primary_site(put: Callable[[Book], None], database: Database) -> None:
    asked = {"role": "primary", "city": "Québec"}
    put(two_sites())
    assert verdicts(database, "data.site", asked)["site.observed"].state is State.KEPT
    far = replace(SIGHT, peers=lambda: Peers((), ("", "203.0.113.9")))
    found = verdicts(database, "data.site", asked, far)["site.observed"]
    assert (found.state, "from 203.0.113.9, outside the site quebec" in found.reason.en) == (State.BROKEN, True)


def test_a_connection_to_nobody_registered_or_abroad_breaks(put: Callable[[Book], None], database: Database) -> None:
    put(two_sites().with_store(Kept("sms", "sms", "ashburn", "https://127.77.0.4:4443", holds=("user.contact",))))

    def sight(*spoken: Spoken, planted: bool = True) -> Eyes:
        return replace(SIGHT, talk=lambda: Talk(spoken, planted, 8))

    known = Spoken("127.45.0.9", 22, "worker")
    assert verdicts(database, "data.egress", CANADA, sight(known))["egress.spoken"].state is State.KEPT
    stranger = verdicts(database, "data.egress", CANADA, sight(known, Spoken("203.0.113.9", 443, "postgres")))["egress.spoken"]
    assert (stranger.state, stranger.reason.en) == (
        State.BROKEN,
        "The process postgres speaks to 203.0.113.9:443, which is not in the register.",
    )
    abroad = verdicts(database, "data.egress", CANADA, sight(Spoken("127.77.0.4", 4443, "worker")))["egress.spoken"]
    assert (abroad.state, "sms (127.77.0.4:4443), in US" in abroad.reason.en) == (State.BROKEN, True)
    assert verdicts(database, "data.egress", CANADA, sight(planted=False))["egress.spoken"].state is State.UNPROVEN
    blind = replace(SIGHT, talk=lambda: Talk((), True, 8, hidden=3))
    assert verdicts(database, "data.egress", CANADA, blind)["egress.spoken"].state is State.UNPROVEN, "hidden processes"


def test_a_customer_whose_data_may_not_be_there_breaks_the_place(put: Callable[[Book], None], database: Database) -> None:
    """Both towns are Canadian; the map gives Canada another region than the one where the database is."""
    put(replace(ONE_SITE, countries='CA = ["region-ashburn"]'))
    found = verdicts(database, "data.place", {"kinds": ["database"], **CANADA})["places.register"]
    assert found.state is State.BROKEN
    assert found.reason.en.startswith("database serves client ")


def test_the_report_says_what_was_seen_and_names_nobody(put: Callable[[Book], None], database: Database) -> None:
    put(ONE_SITE)
    verdicts(database, "data.place", {"kinds": ["database"], **CANADA})
    with tenant_transaction(None):
        first = queries.places_report()
    assert first is not None
    stores = {each["key"]: each for each in first["report"]["stores"]}
    assert (stores["database"]["seen"], stores["database"]["country"]) == ("there", "CA")
    assert (stores["files"]["seen"], stores["files"]["seen_at"]) == ("unseen", None)
    assert "saint-elan" not in str(first)
    assert "/var/lib" not in str(first)
    verdicts(database, "data.place", {"kinds": ["files"], **CANADA}, replace(SIGHT, identities=lambda: ELSEWHERE))
    with tenant_transaction(None):
        second = queries.places_report()
    assert second is not None
    assert {each["key"]: each["seen"] for each in second["report"]["stores"]} == {"database": "there", "files": "elsewhere"}


def test_two_registers_of_the_world_are_sound() -> None:
    assert [each.key for each in two_sites().stores] == [*(each.key for each in operational("quebec")), "backup"]
    assert [each.key for each in two_sites().places] == [QUEBEC.key, CALGARY.key, VIRGINIE.key]


MAP = Path(__file__).parents[3] / "examples" / "sondage" / "garant-map.yaml"


def test_what_the_data_map_puts_into_a_store_must_be_in_the_register(put: Callable[[Book], None], database: Database) -> None:
    asked = {"kinds": ["database", "files"], **CANADA}
    put(ONE_SITE)
    assert verdicts(database, "data.place", asked, data_map=MAP)["places.register"].state is State.KEPT
    put(ONE_SITE.store("files", holds=("system",)))
    found = verdicts(database, "data.place", asked, data_map=MAP)["places.register"]
    assert found.state is State.BROKEN
    assert found.reason.en == (
        "The data map puts user.content.private into a store (files); the register does not say that it lands there."
    )


def test_names_of_this_machine_alone_are_no_public_names(put: Callable[[Book], None], database: Database) -> None:
    put(ONE_SITE)
    here = replace(SIGHT, hosts=lambda: {"garant.localhost": "garant.localhost"}, resolve=lambda name, servers: ("127.0.0.1",))
    assert verdicts(database, "data.edge_place", CANADA, here)["edge.names"].state is State.UNPROVEN
    public = replace(here, hosts=lambda: {"trust.example.org": "trust.example.org"})
    assert verdicts(database, "data.edge_place", CANADA, public)["edge.names"].state is State.KEPT
    abroad = replace(public, resolve=lambda name, servers: ("127.0.0.1", "203.0.113.9"))
    assert verdicts(database, "data.edge_place", CANADA, abroad)["edge.names"].state is State.BROKEN
