"""garant.toml: every mistake is told with its file, its line and what to write instead."""

from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError
from garant.project import configuration
from garant.project.configuration import EXAMPLE_ROUTES, Configuration, Route

MISTAKES = [
    ("[tls\n", "FILE: not valid TOML: "),
    ("\n[tsl]\n", "FILE:2: unknown table [tsl]; write one of operator, addresses, tls, statements, journal, application, vault"),
    ("tls = 'modern'\n", "FILE:1: tls must be a table: [tls]"),
    ("[tls]\nprofil = 'modern'\n", "FILE:2: unknown key profil in [tls]; write one of profile, certificate"),
    ("[addresses]\n\nhttps = '8443'\n", "FILE:3: addresses.https must be of type int, not '8443'"),
    ("[addresses]\nhttps = true\n", "FILE:2: addresses.https must be of type int, not True"),
    ("[operator]\nname = 3\n", "FILE:2: operator.name must be of type str, not 3"),
    ("[statements]\npublish = 'aso'\n", "FILE:2: statements.publish must be of type list, not 'aso'"),
    ("[addresses]\nbase = 'garant'\n", "FILE:2: 'garant' is not a host name with a dot, such as trust.example.org"),
    ("[addresses]\nbase = 'Trust.example.org'\n", "FILE:2: 'Trust.example.org' is not a host name"),
    ('[addresses]\nbase = "trust.example.org\\n"\n', "is not a host name"),
    ("[addresses]\nhttps = 0\n", "FILE:2: addresses.https must be a port from 1 to 65535"),
    ("[addresses]\nhttp = 65536\n", "FILE:2: addresses.http must be a port from 1 to 65535"),
    ("[addresses]\nhttps = 8443\nhttp = 8443\n", "FILE:3: addresses.http and addresses.https must differ"),
    ("[tls]\nprofile = 'old'\n", "FILE:2: tls.profile must be one of modern, intermediate, legacy"),
    ("[statements]\npublish = []\n", 'FILE:2: statements.publish names no statement; write for example ["aso"]'),
    ("[statements]\npublish = [1]\n", "FILE:2: statements.publish must hold words, not 1"),
    ("[journal]\ndays = 30\n", "FILE:2: journal.days must be from 31 to 3660, not 30"),
    ("[application]\nroutes = ['/x/']\n", "FILE:2: '/x/' is not a route; write \"/prefix/ public\""),
    ("[application]\nroutes = ['x public']\n", "FILE:2: 'x public' is not a route"),
    ("[application]\nroutes = ['/x/ secret']\n", "FILE:2: '/x/ secret' is not a route"),
    ("[application]\nroutes = [{prefix = '/x/'}]\n", "FILE:2: {'prefix': '/x/'} is not a route"),
    ("[application]\nupstream = 'localhost'\n", 'FILE:2: \'localhost\' is not an upstream; write "127.0.0.1:8000" or "unix:/run/app.sock"'),
    ("[application]\nupstream = 'unix:app.sock'\n", "FILE:2: 'unix:app.sock' is not an upstream"),
    ("[application]\nupstream = '127.0.0.1:99999'\n", "FILE:2: '127.0.0.1:99999' is not an upstream"),
    ("[application]\nname = 'a b'\n", "FILE:2: 'a b' cannot be an application's name"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "garant.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        configuration.load(path)
    assert told.replace("FILE", str(path)) in str(caught.value)


def test_an_absent_file_gives_the_defaults(tmp_path: Path) -> None:
    assert configuration.load(None) == Configuration()
    assert configuration.load(tmp_path / "garant.toml") == Configuration(path=tmp_path / "garant.toml")


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "garant.toml"
    path.write_bytes(b"[operator]\nname = '\xe9'\n")
    with pytest.raises(ConfigurationError, match="not valid TOML: it is not UTF-8"):
        configuration.load(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "garant.toml"
    path.mkdir()
    with pytest.raises(ConfigurationError, match=r"garant\.toml cannot be read"):
        configuration.load(path)


def test_everything_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "garant.toml"
    path.write_text(
        "[operator]\nname = 'Amélanche'\n[addresses]\nbase = 'trust.example.org'\nhttps = 443\nhttp = 80\n[tls]\nprofile = 'modern'\n"
        "certificate = 'site.pem'\n[statements]\npublish = ['aso', 'own.toml']\n[journal]\ndays = 730\n"
        "[application]\nname = 'surveys'\nupstream = 'unix:/run/app.sock'\nroutes = ['/a/ public', '/b/ member admin,author']\n",
        encoding="utf-8",
    )
    read = configuration.load(path)
    assert (read.operator, read.base, read.https, read.http) == ("Amélanche", "trust.example.org", 443, 80)
    assert (read.tls_profile, read.certificate, read.statements, read.journal_days) == ("modern", "site.pem", ("aso", "own.toml"), 730)
    assert (read.application.name, read.application.upstream) == ("surveys", "unix:/run/app.sock")
    assert read.application.routes == (Route("/a/", "public"), Route("/b/", "member", ("admin", "author")))


def test_an_application_of_ones_own_has_no_route_of_the_example(tmp_path: Path) -> None:
    path = tmp_path / "garant.toml"
    path.write_text("[application]\nupstream = '127.0.0.1:8000'\n", encoding="utf-8")
    assert configuration.load(path).application.routes == ()
    assert Configuration().application.routes == EXAMPLE_ROUTES


@pytest.mark.parametrize(("https", "http"), [(8080, 0), (70000, 0), (-1, 0), (0, 8443)])
def test_ports_of_the_command_line_are_checked_too(https: int, http: int) -> None:
    with pytest.raises(ConfigurationError, match="two different ports"):
        Configuration().with_ports(https=https, http=http)


def test_ports_of_the_command_line_win() -> None:
    made = Configuration().with_ports(https=9443)
    assert (made.https, made.http) == (9443, 8080)


@pytest.mark.parametrize("text", [f"a = {'9' * 5_000}", f"a = {'[' * 3_000}{']' * 3_000}", f"a = {'{a=' * 3_000}1{'}' * 3_000}"])
def test_what_python_gives_up_on_is_a_mistake_of_the_file(text, tmp_path):
    place = tmp_path / "garant.toml"
    place.write_text(text)
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        configuration.load(place)
