"""Registers of places for tests, as `places.toml` texts. Everything stands on the loopback: each site announces a part of 127/8.

sites(ASO)                         a whole register
stores(ASO, site="levis")          another address, another site: what a test changes
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from garant.drivers import machine

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
    network: str = "127.0.0.0/16"
    machines: tuple[str, ...] = ()
    provider: str = ""
    key_of_region: str = ""
    word: bool = True
    until: str = "2099-01-01"

    @property
    def region(self) -> str:
        return self.key_of_region or f"region-{self.key}"

    def toml(self) -> str:
        machines = ", ".join(f'"{each}"' for each in self.machines)
        vouched = f'attested = {{ by = "Hébergement {self.city}", document = "{PAPER}", until = {self.until} }}' if self.word else ""
        name = self.city or self.key
        city = f'city = "{self.city}"\nprovince = "{self.province}"\n' if self.city else ""
        return f"""
[[region]]
key = "{self.region}"
name = {{ fr = "{name}", en = "{name}" }}
country = "{self.country}"

[[site]]
key = "{self.key}"
name = {{ fr = "{name}", en = "{name}" }}
region = "{self.region}"
{city}role = "{self.role}"
provider = "{self.provider or f"Hébergement {self.city}"}"
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


HERE = machine.identities()
ELSEWHERE = ("machine:" + "ab" * 16,)
MONTREAL = Place("montreal", "Montréal", "CA-QC", "CA", machines=HERE)
QUEBEC = Place("quebec", "Québec", "CA-QC", "CA", machines=HERE)
CALGARY = Place("calgary", "Calgary", "CA-AB", "CA", role="secondary", network="127.45.0.0/16")
VIRGINIE = Place("ashburn", "Ashburn", "US-VA", "US", role="other", network="127.77.0.0/16")
OPERATIONAL = (Kept("database", "database", "montreal"), Kept("files", "files", "montreal", "local:/var/lib/garant/files"))
ONE_SITE = Book([MONTREAL, VIRGINIE], OPERATIONAL)
"""One site in Montréal, another in Virginia where nothing is."""


def operational(site: str) -> tuple[Kept, ...]:
    """Database, files and logs, at a site where this machine stands."""
    return (Kept("database", "database", site), Kept("files", "files", site), Kept("logs", "log", site, holds=("system", "user")))


def two_sites(server: str = "") -> Book:
    """Québec and Calgary, where backups are. `server`: a name server to ask."""
    backup = Kept("backup", "backup", "calgary", f"sftp://{'backup.example.org' if server else '127.45.0.9'}/garant")
    return Book([QUEBEC, CALGARY, VIRGINIE], [*operational("quebec"), backup], head=f'[dns]\nservers = ["{server}"]\n' if server else "")
