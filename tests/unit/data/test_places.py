"""The register of places: every mistake with its line, and a store that cannot stand in two countries."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from garant.data.policy import scope
from garant.data.policy.demonstration import demonstration
from garant.data.policy.places import PlacesError, parse
from garant.data.policy.reading import parse as parse_map
from support.registers import ONE_SITE, PAPER, Kept


def problems(text: str) -> list[str]:
    with pytest.raises(PlacesError) as refused:
        parse(text, name="places.toml")
    return list(refused.value.problems)


def test_a_register_is_read_whole() -> None:
    register = parse(ONE_SITE.toml(), name="places.toml")
    store = register.stores["database"]
    assert register.region_of(store).country == "CA"
    assert register.countries == {"CA": ("region-montreal",)}
    assert [str(each) for each in register.networks_of(store)] == ["127.0.0.0/16"]
    word = register.word_of(store)
    assert word is not None
    assert (word.by, word.document, word.until) == ("Hébergement Montréal", PAPER, datetime(2099, 1, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('country = "CA"', 'country = "KA"', "'KA' is no country"),
        ('role = "primary"', 'role = "main"', "'main' is no role of a site"),
        ('province = "CA-QC"', 'province = "US-QC"', "is no province of CA; write an ISO 3166-2 code such as CA-XX"),
        ('networks = ["127.77.0.0/16"]', 'networks = ["127.0.3.0/24"]', "is announced by montreal as well"),
        ('networks = ["127.0.0.0/16"]', 'networks = ["127.0.0.1/16"]', "is no network"),
        ('kind = "files"', 'kind = "file"', "'file' is no kind of store; write 'files'"),
        ('holds = ["user", "system"]', "holds = []", "a store holds something"),
        ('holds = ["user", "system"]', 'holds = ["user.contact.mail"]', "'user.contact.mail' is no data category of the map"),
        ('address = "local:/var/lib/garant/files"', 'address = "ftp://x"', "is no address"),
        ('address = "local:/var/lib/garant/files"', 'address = "tcp://x"', "names no host, or no port"),
        ('address = "local:/var/lib/garant/files"', 'address = "s3://x"', "a bucket needs endpoint"),
        ('site = "montreal"\nholds', 'site = "laval"\nholds', "no site has the key 'laval'"),
        ('CA = ["region-montreal"]', 'NZ = ["sydney"]', "no region has the key 'sydney'"),
        ("[register]", "[registry]", "unknown key 'registry' in the document; write 'register'"),
        (f'document = "{PAPER}"', 'document = "abc"', "is no SHA-256"),
        ('key = "files"', 'key = "database"', "store 'database' is already at line"),
        ("machines = []", 'machines = ["web-1"]', "names no machine; write what `garant place machine` prints"),
        ("dated = 2026-11-01", "dated = 2026-11-01\nmood = 1", "unknown key 'mood'"),
    ],
)
def test_each_mistake_is_told_with_its_line(old: str, new: str, said: str) -> None:
    text = ONE_SITE.toml()
    assert old in text
    found = problems(text.replace(old, new, 1))
    assert any(said in each for each in found), found
    line = int(next(each for each in found if said in each).split(":")[1])
    assert new.splitlines()[0].split(" ")[0].strip("[]") in " ".join(text.replace(old, new, 1).splitlines()[max(0, line - 12) : line + 1])


def test_a_store_stands_at_a_site_or_in_a_region_never_in_both() -> None:
    both = ONE_SITE.with_store(Kept("mail", "mail", "montreal", "smtp://mail.example.org", more='region = "region-ashburn"'))
    assert any("has the region of that site" in each for each in problems(both.toml()))
    neither = ONE_SITE.with_store(Kept("mail", "mail", "", "smtp://mail.example.org"))
    assert any("where does it stand?" in each for each in problems(neither.toml()))


def test_a_syntax_error_has_its_line() -> None:
    assert problems("[register]\ndated = \n")[0].startswith("places.toml:2: not valid TOML at column")


def test_the_word_of_a_store_goes_before_that_of_its_site() -> None:
    own = f'attested = {{ by = "Omer", document = "{"a0" * 32}", until = 2027-01-01 }}'
    register = parse(ONE_SITE.store("files", more=own).toml(), name="places.toml")
    found = {key: register.word_of(store) for key, store in register.stores.items()}
    assert {key: word.by for key, word in found.items() if word} == {"database": "Hébergement Montréal", "files": "Omer"}


def test_the_register_of_the_documentation_is_sound() -> None:
    text = (Path(__file__).parents[3] / "docs" / "places.md").read_text(encoding="utf-8")
    register = parse(text.split("```toml\n")[1].split("```")[0], name="docs/places.md")
    assert list(register.stores) == ["database", "backup", "names"]


def test_the_demonstration_says_what_is_known_of_this_machine_and_no_country() -> None:
    here = "machine:" + "0" * 32
    register = parse(demonstration([here]), name="demonstration")
    assert register.sites["demonstration"].machines == (here,)
    assert {register.region_of(store).country for store in register.stores.values()} == {"ZZ"}
    assert not register.sites_with("secondary")
    elsewhere = parse(demonstration([here], "postgresql://db.example.org:5432"), name="demonstration")
    assert (elsewhere.stores["database"].site, elsewhere.stores["database"].host) == ("", "db.example.org")


def test_the_demonstration_takes_what_the_example_application_s_map_puts_there() -> None:
    text = (Path(__file__).parents[3] / "examples" / "sondage" / "garant-map.yaml").read_text(encoding="utf-8")
    register = parse(demonstration(["machine:" + "0" * 32]), name="demonstration")
    assert scope.unlisted(list(register.stores.values()), scope.landing(parse_map(text, name="garant-map.yaml"))) == []


@pytest.mark.parametrize("text", [f"a = {'9' * 5_000}", f"a = {'[' * 3_000}{']' * 3_000}", f"a = {'{a=' * 3_000}1{'}' * 3_000}"])
def test_what_python_gives_up_on_is_a_mistake_of_the_file(text):
    assert problems(text)[0].startswith("places.toml:1: not valid TOML")
