"""Facts on proof pages are named in the reader's language; the evidence keeps its keys."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import override

import garant
from garant.data.engines.isolation import WAYS
from garant.data.engines.volumes import places
from garant.data.policy import coverage
from garant.web.fact_words import WORDS, fact
from garant.web.templatetags.garant import fact_value
from support import gallery

SOURCE = Path(garant.__file__).parent
NO_FACTS = {
    "src/garant/assurance/engines/report.py": {
        "certificate", "check_yourself", "external_grader", "format", "hosts_in_scope", "made_at", "trusted", "version",
    },
    "src/garant/access/engines/address_probe.py": {"further_address", "temporary", "cellular"},
    "src/garant/data/engines/export.py": {"bulk"},
    "src/garant/data/engines/sealed.py": {"id"},
    "src/garant/data/engines/places.py": {"planted"},
}  # fmt: skip
"""Keys in these modules that no proof page shows: those of published documents, of questions to a reader, of queries."""


def test_a_fact_has_words_in_both_languages_and_a_nested_one_those_of_its_parts() -> None:
    assert fact("without_list", "fr-ca") == "clients sans liste d’adresses"
    assert fact("without_list", "en-ca") == "customers without an address list"
    assert fact("profile.versions", "en-ca") == "TLS profile, versions"
    assert fact("nobody_named_this", "en-ca") == fact("nobody.named_this", "en-ca") == ""
    assert all(text.fr and text.en for text in WORDS.values())


def test_a_name_within_a_fact_stands_as_it_is_between_words() -> None:
    assert fact("hosts.ville.example.ca.hsts", "fr-ca") == "hôtes, ville.example.ca, HTTPS imposé au navigateur (HSTS)"
    assert fact("places.attachments:1.state", "en-ca") == "places, the application’s files 1, state"
    assert fact("ways.keys.tries", "en-ca") == "ways tried, keys, tries"
    assert fact("keys", "en-ca") == "places where a wrapping key is read in clear"


def test_every_fact_that_a_measure_publishes_has_words() -> None:
    """Read from the code of the engines, not from a run: a fact that only a fault brings to the page is found, too."""
    found = {key: module for module in sorted(SOURCE.glob("*/engines/*.py")) for key in keys_of(module)}
    found |= {key: module for module in sorted(SOURCE.glob("*/policy/*.py")) for key in keys_of(module, only=("json", "unlisted"))}
    assert {"tries", "layers", "hosts", "unlisted", "wanted", "category"} <= found.keys(), "the reader of the code reads no more"
    assert {key: module.name for key, module in found.items() if key not in WORDS} == {}
    assert [name for name in (*WAYS, *places(Path("/"), attachments=[Path("/")], remote=False)) if name not in WORDS] == []
    assert [kind for kind in coverage.WORDS if not {kind, f"findings.{kind}"} & WORDS.keys()] == []


def test_facts_are_written_where_the_test_above_looks_for_them() -> None:
    """Engines report what was observed; the service only files the empty run of one that failed."""
    elsewhere = {
        module.relative_to(SOURCE).as_posix()
        for module in SOURCE.rglob("*.py")
        if "Observation(" in module.read_text(encoding="utf-8").replace("class Observation(", "") and module.parent.name != "engines"
    }
    assert elsewhere <= {"statement/service/recording.py", "kernel/promise.py"}


def test_every_parameter_of_a_promise_has_words() -> None:
    names = {
        name
        for path in (SOURCE / "statement" / "catalog").glob("*.toml")
        for claim in tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
        for control in (claim, *claim.get("controls", []))
        for name in control.get("parameters", {})
    }
    assert {"countries", "aspect"} <= names
    assert sorted(names - WORDS.keys()) == []


def test_the_reader_of_the_code_finds_a_key_however_it_is_written(tmp_path: Path) -> None:
    module = tmp_path / "engine.py"
    module.write_text(
        "def observe(self) -> Observation:\n"
        "    facts: dict[str, Json] = {'outer': [{'nested': 1} for _ in x]}\n"
        "    facts['late'] = facts['read_only']\n"
        "    facts |= dict(named=1)\n"
        "def other(words: dict[str, str]) -> str:\n"
        "    return {'not_a_fact': ''}['not_a_fact']\n",
        encoding="utf-8",
    )
    assert set(keys_of(module)) == {"outer", "nested", "late", "named"}


def test_yes_and_no_are_said_in_the_language_of_the_page() -> None:
    with override("fr-ca"):
        assert [fact_value(each) for each in ("true", "false", "TLSv1.3")] == ["oui", "non", "TLSv1.3"]
    with override("en-ca"):
        assert fact_value("true") == "yes"


def test_the_proof_page_shows_words_and_keeps_the_key_of_what_has_none() -> None:
    exhibit = next(each for each in gallery.EXHIBITS if str(each) == "proof-full")
    page = gallery.render(exhibit, "fr")
    assert ">ce qui est regardé</th>" in page
    assert "<code>adresse_d_essai</code></th>" in page


def keys_of(module: Path, only: tuple[str, ...] = ()) -> Iterator[str]:
    """Keys of the dictionaries that functions which speak of `Json` or `Observation` write; `only`: those of functions so named."""
    aside = NO_FACTS.get(f"src/garant/{module.relative_to(SOURCE).as_posix()}", set()) if module.is_relative_to(SOURCE) else set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and (node.name in only if only else _speaks(node)):
            yield from (key for part in ast.walk(node) for key in _written(part) if key not in aside)


def _speaks(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Name) and node.id in ("Json", "Observation") for node in ast.walk(function))


def _written(node: ast.AST) -> Iterator[str]:
    keys: list[ast.expr | None] = []
    if isinstance(node, ast.Dict):
        keys = node.keys
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        keys = [node.slice]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        yield from (word.arg for word in node.keywords if word.arg)
    yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
