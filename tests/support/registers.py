"""Registers of places for tests, as `places.toml` texts. Everything stands on the loopback: each site announces a part of 127/8.

sites(ASO)                         a whole register
stores(ASO, site="levis")          another address, another site: what a test changes
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

PAPER = "5f" * 32
"""SHA-256 of a paper that nobody wrote: registers of tests cite it."""


@dataclass(frozen=True)
class Place:
    """A site with its region. `network`: its part of the loopback."""

    key: str
    city: str
    province: str
    country: str
    role: str = "primary"
    network: str = "127.44.0.0/16"
    machines: tuple[str, ...] = ()
    word: bool = True
    until: str = "2099-01-01"

    @property
    def region(self) -> str:
        return f"region-{self.key}"

    def toml(self) -> str:
        machines = ", ".join(f'"{each}"' for each in self.machines)
        vouched = f'attested = {{ by = "Hébergement {self.city}", document = "{PAPER}", until = {self.until} }}' if self.word else ""
        return f"""
[[region]]
key = "{self.region}"
name = {{ fr = "{self.city}", en = "{self.city}" }}
country = "{self.country}"

[[site]]
key = "{self.key}"
name = {{ fr = "{self.city}", en = "{self.city}" }}
region = "{self.region}"
city = "{self.city}"
province = "{self.province}"
role = "{self.role}"
provider = "Hébergement {self.city}"
networks = ["{self.network}"]
machines = [{machines}]
{vouched}
"""


@dataclass(frozen=True)
class Kept:
    """A store at a site, or with `more` lines of its own."""

    key: str
    kind: str
    site: str
    address: str = "local:/var/lib/garant"
    holds: tuple[str, ...] = ("user", "system")
    more: str = ""

    def toml(self) -> str:
        holds = ", ".join(f'"{each}"' for each in self.holds)
        place = f'site = "{self.site}"\n' if self.site else ""
        return (
            f'\n[[store]]\nkey = "{self.key}"\nname = {{ fr = "{self.key}", en = "{self.key}" }}\nkind = "{self.kind}"\n{place}'
            f'holds = [{holds}]\naddress = "{self.address}"\n{self.more}\n'
        )


@dataclass(frozen=True)
class Book:
    """A register: sites, stores, the map of countries, lines before the rest."""

    places: Sequence[Place]
    stores: Sequence[Kept]
    countries: str = ""
    head: str = ""

    def toml(self) -> str:
        countries = self.countries or 'CA = ["{}"]'.format('", "'.join(each.region for each in self.places if each.country == "CA"))
        parts = ["[register]\ndated = 2026-11-01\n", self.head, f"\n[countries]\n{countries}\n"]
        return "".join([*parts, *(each.toml() for each in self.places), *(each.toml() for each in self.stores)])

    def store(self, key: str, **changes: object) -> "Book":
        """The same with one store changed."""
        return replace(self, stores=[replace(each, **changes) if each.key == key else each for each in self.stores])  # type: ignore[arg-type]

    def place(self, key: str, **changes: object) -> "Book":
        """The same with one site changed."""
        return replace(self, places=[replace(each, **changes) if each.key == key else each for each in self.places])  # type: ignore[arg-type]

    def with_store(self, *stores: Kept) -> "Book":
        return replace(self, stores=[*self.stores, *stores])


MONTREAL = Place("montreal", "Montréal", "CA-QC", "CA")
VIRGINIE = Place("ashburn", "Ashburn", "US-VA", "US", role="other", network="127.77.0.0/16")
OPERATIONAL = (Kept("database", "database", "montreal"), Kept("files", "files", "montreal", "local:/var/lib/garant/files"))
ONE_SITE = Book([MONTREAL, VIRGINIE], OPERATIONAL)
"""One site in Montréal, another in Virginia where nothing is."""
