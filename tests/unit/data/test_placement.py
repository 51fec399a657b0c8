"""The placement policy: New Zealand's data may be in Sydney because the map says so, and nothing goes where the map says nothing."""

from hypothesis import given
from hypothesis import strategies as st

from garant.data.policy.placement import abroad, allowed, placement, stores_for, target
from garant.data.policy.places import Register, parse
from support.registers import ONE_SITE, Book, Kept, Place

SYDNEY = Place("sydney", "Sydney", "AU-NSW", "AU", network="127.61.0.0/16")
CENTRAL = Place("central", "Montréal", "CA-QC", "CA", role="other", network="127.62.0.0/16")
MAP = 'AU = ["region-sydney"]\nNZ = ["region-sydney"]\nCA = ["region-central"]'
TWO = Book(
    [SYDNEY, CENTRAL],
    [
        Kept("database", "database", "sydney", more='serves = ["AU", "NZ"]'),
        Kept("database-ca", "database", "central", "tcp://db:5432", more='serves = ["CA"]'),
        Kept("mail", "mail", "central", "smtp://mail", holds=("user.contact",)),
    ],
    MAP,
)


def register(book: Book = TWO) -> Register:
    return parse(book.toml(), name="places.toml")


def said(store: str, country: str, *categories: str, book: Book = TWO) -> str:
    known = register(book)
    refusal = allowed(target(known, store), placement(known, country), categories or ("user.name",))
    return refusal.reason.en if refusal else ""


def test_new_zealand_is_in_sydney_by_the_map() -> None:
    assert said("database", "NZ") == ""
    assert said("database", "AU") == ""
    assert "(NZ) go only to: region-sydney" in said("database-ca", "NZ")


def test_a_refusal_has_its_reason() -> None:
    assert said("dropbox", "NZ") == "This store is not in the register of places."
    assert said("database", "") == "The country of this customer is not known."
    assert "no allowed region for customers of FR" in said("database", "FR")
    assert said("database", "CA").startswith("database is in the region region-sydney (AU)")
    assert "do not" not in said("mail", "CA", "user.contact.email")
    assert "does not say that these data land in mail: user.health" in said("mail", "CA", "user.contact.email", "user.health")


def test_data_without_a_category_go_nowhere() -> None:
    known = register()
    assert allowed(target(known, "database"), placement(known, "NZ"), ()) is not None


def test_a_store_that_serves_other_customers_is_no_place() -> None:
    same_region = TWO.store("database", more='serves = ["AU"]')
    assert "does not serve customers of NZ" in said("database", "NZ", book=same_region)


def test_a_contract_may_narrow_the_map_and_never_widen_it() -> None:
    known = register()
    narrowed = placement(known, "NZ", ("region-central",))
    assert narrowed is not None
    assert narrowed.regions == ()


def test_a_store_abroad_that_serves_a_customer_is_found() -> None:
    known = register()
    assert abroad(known, {"kiwi": placement(known, "NZ")}) == [("kiwi", "mail")]
    assert [each.key for each in stores_for(known, placement(known, "NZ"))] == ["database", "mail"]


@given(st.sampled_from(["AU", "NZ", "CA", "FR", "US"]), st.sets(st.sampled_from(["user", "user.name", "system", "payment"])))
def test_what_is_allowed_stands_in_a_region_that_the_map_gives(country: str, categories: set[str]) -> None:
    """Whatever the customer and the data: allowed means registered, in a region of the map, and every category said to land there."""
    known = register()
    where = placement(known, country)
    for store in known.stores.values():
        if allowed(target(known, store.key), where, categories) is None:
            assert store.region in known.countries[country]
            assert categories
            assert all(store.takes(each) for each in categories)


def test_in_one_country_every_region_of_the_map_is_its_own() -> None:
    """The one-site register of the other tests: what is in Virginia is refused to a Canadian customer."""
    abroad_store = ONE_SITE.with_store(Kept("backup", "backup", "ashburn", "sftp://backup.example.org/garant"))
    assert said("backup", "CA", book=abroad_store).startswith("backup is in the region region-ashburn (US)")
