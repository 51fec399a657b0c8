"""[vault] root: each root takes its own parameters, and every mistake is told with its line."""

from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError
from garant.project import configuration
from garant.project.configured_root import ALLOWED, NEEDED, SHAPE, ConfiguredRoot
from garant.vault.engines.kms.choice import MAKERS

GOOD = {
    "file": "",
    "age": 'identity = "/run/credentials/garant/identity"',
    "pkcs11": 'module = "/usr/lib/softhsm/libsofthsm2.so"\ntoken = "garant"\npin = "/run/pin"\nenvironment = ["SOFTHSM2_CONF=/etc/s.conf"]',
    "transit": 'address = "https://vault.example.org"\ntoken = "/run/token"\nmount = "transit"\nauthority = "/etc/ca.pem"',
    "aws": 'region = "ca-central-1"\nkey = "ville"\nenvironment = ["AWS_SHARED_CREDENTIALS_FILE=/run/aws"]',
    "azure": 'address = "https://garant.vault.azure.net"\nretention = 30\nhardware = true',
}

MISTAKES = [
    ('root = "abacus"', 2, "vault.root must be one of file, age, pkcs11, transit, aws, azure, not 'abacus'"),
    ("root = 3", 2, "vault.root must be of type str, not 3"),
    ('root = "file"\npin = "/run/pin"', 3, 'vault.pin says nothing to root = "file"; it takes no parameter'),
    ('region = "ca-central-1"', 2, 'vault.region says nothing to root = "file"'),
    ('root = "aws"\nregion = "ca-central-1"\npin = "/x"', 4, 'vault.pin says nothing to root = "aws"; it takes region, key'),
    ('root = "pkcs11"\nmodule = "/x.so"\ntoken = "t"', 2, 'root = "pkcs11" needs vault.pin'),
    ('root = "age"', 2, "needs vault.identity or vault.passphrase, one of them"),
    ('root = "age"\nidentity = "/a"\npassphrase = "/b"', 2, "needs vault.identity or vault.passphrase, one of them"),
    ('root = "age"\nidentity = "identity.txt"', 3, "vault.identity is the absolute path of a file, not 'identity.txt'"),
    ('root = "transit"\naddress = "https://v"\ntoken = "hvs.secret"', 4, "vault.token is the absolute path of a file"),
    ('root = "transit"\naddress = "http://vault:8200"\ntoken = "/t"', 3, "vault.address must begin with https://"),
    ('root = "aws"\nregion = "x"\nkey = "a b"', 4, "vault.key begins the names of keys"),
    ('root = "azure"\naddress = "https://v"\nretention = 180', 4, "vault.retention is that of the key vault, 7 to 90 days, not 180"),
    ('root = "aws"\nregion = "x"\nenvironment = ["aws"]', 4, "'aws' is not a variable"),
    ('root = "aws"\nregion = "x"\nenvironment = [1]', 4, "1 is not a variable"),
    ('root = "aws"\nregion = "x"\nenvironment = ["AWS_SECRET_ACCESS_KEY=k"]', 4, "AWS_SECRET_ACCESS_KEY is a secret; put it into a file"),
    ('root = "aws"\nregions = "x"', 3, "unknown key regions in [vault]"),
]


def load(tmp_path: Path, text: str) -> configuration.Configuration:
    path = tmp_path / "garant.toml"
    path.write_text(text, encoding="utf-8")
    return configuration.load(path)


@pytest.mark.parametrize("kind", GOOD)
def test_what_each_root_needs_is_read(tmp_path: Path, kind: str) -> None:
    root = load(tmp_path, f'[vault]\nroot = "{kind}"\n{GOOD[kind]}\n').root
    assert root.kind == kind
    assert {name for name, _ in root.parameters} <= set(NEEDED[kind] + ALLOWED[kind])
    assert len(root.parameters) == GOOD[kind].count("=") - GOOD[kind].count("_CONF=") - GOOD[kind].count("_FILE=")
    assert hash(root)


def test_without_a_word_the_root_is_a_file(tmp_path: Path) -> None:
    assert load(tmp_path, "").root == load(tmp_path, "[vault]\n").root == ConfiguredRoot("file", ())


@pytest.mark.parametrize(("text", "line", "told"), MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, f"[vault]\n{text}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'garant.toml'}:{line}: ")
    assert told in str(caught.value)


def test_a_line_is_that_of_the_table(tmp_path: Path) -> None:
    """Other tables may have keys of the same name."""
    with pytest.raises(ConfigurationError, match=r"garant\.toml:5: "):
        load(tmp_path, '[operator]\nname = "x"\n\n[vault]\nroot = "abacus"\n')


def test_what_can_be_written_and_what_is_made_agree() -> None:
    assert set(NEEDED) == set(ALLOWED) == {"file", *MAKERS}
    assert {key for keys in (*NEEDED.values(), *ALLOWED.values()) for key in keys} == set(SHAPE) - {"root"}
