"""The register of places, `places.toml`: where data live and pass, and which country may have its data where. Read whole, checked whole.

    [register]   dated
    [dns]        servers (whom to ask where the public addresses lead; empty: the machine's own resolver)
    [countries]  XX = ["region", ...]   a customer's country to the regions that may hold its data: a map, never "its own country"
    [[region]]   key, name, country (ISO 3166-1; ZZ: nobody knows)
    [[site]]     key, name, region, city, province (ISO 3166-2), role (primary, secondary, other), provider, networks, machines, attested
    [[store]]    key, name, kind, holds, address, site or (region, networks, provider), serves, location, endpoint, purpose, attested

`attested = { by, document, until }`: who vouches for the place, the SHA-256 of the paper, the day on which it ends (at noon UTC).
Rules: unknown keys are refused; a place has one region and a region one country, so that no store can be said to stand in two; two
sites share no network and no machine. All mistakes are reported at once, each as `file:line: what; write instead`.
"""

import ipaddress
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from garant.data.policy.countries import COUNTRIES, NOWHERE
from garant.data.policy.taxonomy import CATEGORIES
from garant.kernel.errors import ConfigurationError
from garant.kernel.promise import Word
from garant.kernel.reading import Reader, Table
from garant.kernel.source import load_toml
from garant.kernel.text import Text

KINDS = ("database", "files", "object_store", "backup", "replica", "mail", "sms", "log", "cache", "subprocessor", "service")
"""`service`: something that our processes speak to and where no data land: a clock, a name server, a signer of certificates."""
ROLES = ("primary", "secondary", "other")
SCHEMES = ("local", "tcp", "postgresql", "smtp", "smtps", "sftp", "https", "http", "s3")
PORTS = {"postgresql": 5432, "smtp": 25, "smtps": 465, "sftp": 22, "https": 443, "http": 80, "s3": 443}
NOON = time(12)
"""Of the day on which a word ends, UTC: the same calendar day in every zone where people read it."""
KEY = re.compile(r"[a-z][a-z0-9-]{0,40}")
URL = re.compile(
    r"(?P<scheme>[a-z0-9]+)://(?:[^@/\s]+@)?(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?#]\S*)?"
)
MACHINE = re.compile(r"machine:[0-9a-f]{32}|ssh:SHA256:[A-Za-z0-9+/]{43}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class PlacesError(ConfigurationError):
    """The register cannot be used. `problems`: one line each, with file and line."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Region:
    """A place as a contract or a provider names it. `country`: the jurisdiction."""

    key: str
    name: Text
    country: str


@dataclass(frozen=True)
class Site:
    """A building where machines of ours stand. `networks`: what it announces; `machines`: identities as `garant place machine` tells."""

    key: str
    name: Text
    region: str
    city: str
    province: str
    role: str
    provider: str
    networks: tuple[Network, ...] = ()
    machines: tuple[str, ...] = ()
    word: Word | None = None


@dataclass(frozen=True)
class Store:
    """Where data lie or pass. `holds`: data categories, a prefix covers what stands below it; `serves`: customers' countries, empty: all.

    `address`: `local:/path` on a machine of its site, or a URL; `s3://bucket` with `endpoint` and the `location` its API must answer.
    """

    key: str
    name: Text
    kind: str
    holds: tuple[str, ...]
    address: str
    region: str
    site: str = ""
    provider: str = ""
    networks: tuple[Network, ...] = ()
    serves: tuple[str, ...] = ()
    location: str = ""
    endpoint: str = ""
    purpose: Text | None = None
    word: Word | None = None

    @property
    def local(self) -> bool:
        return self.address.startswith("local:")

    @property
    def host(self) -> str:
        """The name or address that is spoken to; empty for a local one."""
        found = URL.fullmatch(self.endpoint or self.address)
        return found["host"].strip("[]").lower() if found else ""

    @property
    def port(self) -> int:
        found = URL.fullmatch(self.endpoint or self.address)
        return int(found["port"] or PORTS.get(found["scheme"], 0)) if found else 0

    def takes(self, category: str) -> bool:
        """Whether the register says that this category lands here."""
        return any(category == held or category.startswith(f"{held}.") for held in self.holds)

    def serves_country(self, country: str) -> bool:
        return not self.serves or country in self.serves


@dataclass(frozen=True)
class Register:
    """The whole register. `countries`: customer's country to the regions that may hold its data."""

    dated: date
    regions: Mapping[str, Region]
    sites: Mapping[str, Site]
    stores: Mapping[str, Store]
    countries: Mapping[str, tuple[str, ...]]
    servers: tuple[str, ...] = ()

    def region_of(self, store: Store) -> Region:
        return self.regions[store.region]

    def site_of(self, store: Store) -> Site | None:
        return self.sites.get(store.site)

    def networks_of(self, store: Store) -> tuple[Network, ...]:
        """Networks in which this store's addresses must lie: its own, else those of its site."""
        site = self.site_of(store)
        return store.networks or (site.networks if site else ())

    def word_of(self, store: Store) -> Word | None:
        """Who vouches that it stands there: for the store itself, else for its site."""
        site = self.site_of(store)
        return store.word or (site.word if site else None)

    def sites_with(self, role: str) -> list[Site]:
        return [site for site in self.sites.values() if site.role == role]

    def site_of_machine(self, identities: Collection[str]) -> Site | None:
        return next((site for site in self.sites.values() if set(identities) & set(site.machines)), None)


def parse(text: str, *, name: str) -> Register:
    """The register in `text`; `name` is its file in messages. Raises PlacesError with every mistake."""
    try:
        data = load_toml(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)$", str(error))
        line, what = (found["line"], f" at column {found['column']}: {found['what']}") if found else ("1", f": {error}")
        raise PlacesError([f"{name}:{line}: not valid TOML{what}"]) from error
    reader = Reader(text, name)
    register = _register(reader, data)
    if reader.problems or register is None:
        raise PlacesError(reader.problems)
    return register


def _register(reader: Reader, data: Mapping[str, Any]) -> Register | None:
    root = Table(reader, (), data)
    root.only("register", "dns", "countries", "region", "site", "store")
    head = root.table("register")
    dated = None
    if head is not None:
        head.only("dated")
        dated = head.day("dated")
    regions = [_region(table) for table in root.tables("region")]
    known = {region.key: region for region in regions if region.key}
    sites = [_site(table, known) for table in root.tables("site")]
    placed = {site.key: site for site in sites if site.key}
    stores = [_store(table, known, placed) for table in root.tables("store")]
    reader.unique("region", "key", [each.key for each in regions])
    reader.unique("site", "key", [each.key for each in sites])
    reader.unique("store", "key", [each.key for each in stores])
    _distinct(reader, sites)
    countries = _countries(root, data, known)
    servers = _servers(root) if root.has("dns") else ()
    if dated is None:
        return None
    return Register(dated, known, placed, {store.key: store for store in stores}, countries, servers)


def _region(table: Table) -> Region:
    table.only("key", "name", "country")
    country = table.string("country")
    if country and country not in COUNTRIES and country != NOWHERE:
        table.say("country", f"{country!r} is no country; write two capitals of ISO 3166-1 such as CA, or ZZ when nobody knows")
    return Region(_key(table), table.text("name") or _LATER, country)


def _site(table: Table, regions: Mapping[str, Region]) -> Site:
    table.only("key", "name", "region", "city", "province", "role", "provider", "networks", "machines", "attested")
    region, role, province = table.string("region"), table.string("role"), _optional(table, "province")
    table.known("region", region, regions, f"no region has the key {region!r}")
    table.known("role", role, ROLES, f"{role!r} is no role of a site")
    country = regions[region].country if region in regions else ""
    if province and country and not re.fullmatch(rf"{country}-[A-Z0-9]{{1,3}}", province):
        table.say("province", f"{province!r} is no province of {country}; write an ISO 3166-2 code such as {country}-XX, or leave it out")
    machines = table.strings("machines")
    for machine in machines:
        if not MACHINE.fullmatch(machine):
            table.say("machines", f"{machine!r} names no machine; write what `garant place machine` prints there")
    return Site(
        key=_key(table),
        name=table.text("name") or _LATER,
        region=region,
        city=_optional(table, "city"),
        province=province,
        role=role,
        provider=_optional(table, "provider"),
        networks=_networks(table),
        machines=machines,
        word=_word(table),
    )


def _store(table: Table, regions: Mapping[str, Region], sites: Mapping[str, Site]) -> Store:
    table.only(
        "key", "name", "kind", "holds", "address", "site", "region", "provider", "networks", "serves", "location", "endpoint", "purpose",
        "attested",
    )  # fmt: skip
    kind, site, address = table.string("kind"), _optional(table, "site"), table.string("address")
    table.known("kind", kind, KINDS, f"{kind!r} is no kind of store")
    region = _region_of_store(table, regions, sites, site)
    if address:
        _check_address(table, address, site)
    holds = table.strings("holds")
    for category in holds:
        table.known("holds", category, CATEGORIES, f"{category!r} is no data category of the map")
    if not holds and kind != "service":
        table.say("holds" if table.has("holds") else "key", 'a store holds something; write holds = ["user"], or kind = "service"')
    for country in table.strings("serves"):
        if country not in COUNTRIES:
            table.say("serves", f"{country!r} is no country; write two capitals of ISO 3166-1 such as CA")
    return Store(
        key=_key(table),
        name=table.text("name") or _LATER,
        kind=kind,
        holds=holds,
        address=address,
        region=region,
        site=site,
        provider=_optional(table, "provider") or (sites[site].provider if site in sites else ""),
        networks=_networks(table),
        serves=table.strings("serves"),
        location=_optional(table, "location"),
        endpoint=_optional(table, "endpoint"),
        purpose=table.text("purpose", required=False),
        word=_word(table),
    )


def _region_of_store(table: Table, regions: Mapping[str, Region], sites: Mapping[str, Site], site: str) -> str:
    """A store stands at a site of ours or in a region, one of the two."""
    if site and table.has("region"):
        table.say("region", "a store at a site has the region of that site; leave region out")
    if site:
        table.known("site", site, sites, f"no site has the key {site!r}")
        return sites[site].region if site in sites else ""
    region = _optional(table, "region")
    if not region:
        table.say("key", 'where does it stand? write site = "..." or region = "..."')
    table.known("region", region, regions, f"no region has the key {region!r}")
    return region


def _check_address(table: Table, address: str, site: str) -> None:
    scheme = address.partition(":")[0]
    if scheme not in SCHEMES:
        table.say("address", f"{address!r} is no address; write local:/path, or a URL that begins with {', '.join(SCHEMES[1:])}")
    elif scheme == "local":
        if not site:
            table.say("address", "a local store stands on a machine of a site; write site = ...")
    elif not _sound(address, port=scheme == "tcp"):
        table.say("address", f"{address!r} names no host, or no port; write for example tcp://db.example.org:5432")
    elif scheme == "s3" and not (table.has("location") and table.has("endpoint")):
        table.say("address", 'a bucket needs endpoint = "https://..." and the location that its API must answer: location = "ca-central-1"')
    if table.has("endpoint") and not _sound(table.string("endpoint")):
        table.say("endpoint", "endpoint must be a URL with a host")


def _sound(url: str, *, port: bool = False) -> bool:
    found = URL.fullmatch(url)
    return found is not None and (0 < int(found["port"]) < 65536 if found["port"] else not port)


def _networks(table: Table) -> tuple[Network, ...]:
    found = []
    for each in table.strings("networks"):
        try:
            found.append(ipaddress.ip_network(each))
        except ValueError:
            table.say("networks", f"{each!r} is no network; write for example 198.51.100.0/24 or 2001:db8:40::/48, without host bits")
    return tuple(found)


def _word(table: Table) -> Word | None:
    if not table.has("attested"):
        return None
    inner = table.table("attested")
    if inner is None:
        return None
    inner.only("by", "document", "until")
    by, document, until = inner.string("by"), inner.string("document"), inner.day("until")
    if document and not re.fullmatch(r"[0-9a-f]{64}", document):
        inner.say("document", f"{document!r} is no SHA-256; write the 64 hexadecimal digits that `sha256sum` prints for the paper")
        return None
    return Word(by, document, datetime.combine(until, NOON, UTC)) if by and document and until else None


def _countries(root: Table, data: Mapping[str, Any], regions: Mapping[str, Region]) -> Mapping[str, tuple[str, ...]]:
    table = root.table("countries")
    if table is None:
        return {}
    found = {}
    for country in data["countries"]:
        allowed = table.strings(country)
        if country not in COUNTRIES:
            table.say(country, f"{country!r} is no country; write two capitals of ISO 3166-1 such as CA")
        if not allowed:
            table.say(country, f"{country} has no region; write at least one, or take the line away: its data are then refused everywhere")
        for region in allowed:
            table.known(country, region, regions, f"no region has the key {region!r}")
        found[country] = allowed
    return found


def _servers(root: Table) -> tuple[str, ...]:
    table = root.table("dns")
    if table is None:
        return ()
    table.only("servers")
    found = table.strings("servers")
    for each in found:
        host, _, port = each.rpartition(":") if each.count(":") == 1 else (each, "", "53")
        try:
            ipaddress.ip_address(host)
            good = port.isdigit() and 0 < int(port) < 65536
        except ValueError:
            good = False
        if not good:
            table.say("servers", f"{each!r} is no name server; write an address, or 192.0.2.1:5353")
    return found


def _distinct(reader: Reader, sites: Sequence[Site]) -> None:
    for index, site in enumerate(sites):
        for other in sites[:index]:
            shared = [str(a) for a in site.networks for b in other.networks if a.version == b.version and a.overlaps(b)]
            if shared:
                reader.say(("site", index, "networks"), f"{shared[0]} is announced by {other.key} as well; two sites share no network")
            both = sorted(set(site.machines) & set(other.machines))
            if both:
                reader.say(("site", index, "machines"), f"{both[0]} stands at {other.key} already; a machine stands at one site")


def _key(table: Table) -> str:
    key = table.string("key")
    if key and not KEY.fullmatch(key):
        table.say("key", f"{key!r} cannot be a key; write lower-case letters, digits and hyphens, a letter first, 41 at most")
    return key


def _optional(table: Table, key: str) -> str:
    return table.string(key) if table.has(key) else ""


_LATER = Text("–", "–")
"""Stands in for a text that is missing; the register is refused anyway."""
