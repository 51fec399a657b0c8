"""Data maps as files: what is read, and what each mistake is told, with its line and what to write instead."""

import contextlib
import time
from pathlib import Path

import pytest
import yaml
from fideslang import Taxonomy
from fideslang.default_taxonomy import DEFAULT_TAXONOMY
from fideslang.parse import load_manifests_into_taxonomy
from hypothesis import given
from hypothesis import strategies as st

from garant.data.policy import taxonomy
from garant.data.policy.map import Reference, Sealing
from garant.data.policy.reading import parse
from garant.data.policy.source import MapError
from support.mapped import MAP

SONDAGE = Path(__file__).parents[3] / "examples" / "sondage" / "garant-map.yaml"

FIDES = """
dataset:
  - fides_key: shop_dataset
    name: A shop
    description: The shape of Fides' own sample (references both ways, identity, lengths, nested fields), with words of ours
    collections:
      - name: address
        fields:
          - name: city
            data_categories: [user.contact.address.city]
          - name: id
            data_categories: [system.operations]
            fides_meta:
              primary_key: True
      - name: customer
        fields:
          - name: address_id
            data_categories: [system.operations]
            fides_meta:
              references:
                - dataset: shop_dataset
                  field: address.id
                  direction: to
          - name: email
            data_categories: [user.contact.email]
            fides_meta:
              identity: email
              data_type: string
          - name: name
            data_categories: [user.name]
            fides_meta:
              data_type: string
              length: 40
          - name: workplace_info
            fides_meta:
              data_type: object
            fields:
              - name: employer
                fides_meta:
                  data_type: string
              - name: position
                data_categories: [user.job_title]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(MapError) as refusal:
        parse(text, name="m.yaml")
    return list(refusal.value.problems)


def field(garant: str, *, name: str = "email", category: str = "user.contact.email", collection: str = "tenant: tenant") -> str:
    """A map of one table; the field under test stands at line 9."""
    return f"""dataset:
- fides_key: little
  collections:
  - name: person
    garant: {{{collection}}}
    fields:
    - {{name: id, data_categories: [system.operations]}}
    - {{name: tenant, data_categories: [system.operations]}}
    - {{name: {name}, data_categories: [{category}], garant: {{{garant}}}}}
"""


def test_the_taxonomy_is_that_of_fideslang() -> None:
    assert {each.fides_key for each in DEFAULT_TAXONOMY.data_category} == taxonomy.CATEGORIES
    assert {each.fides_key for each in DEFAULT_TAXONOMY.data_use} == taxonomy.USES
    assert {each.fides_key for each in DEFAULT_TAXONOMY.data_subject} == taxonomy.SUBJECTS
    assert (len(taxonomy.CATEGORIES), len(taxonomy.USES), len(taxonomy.SUBJECTS)) == (85, 56, 15)
    assert all(each in taxonomy.CATEGORIES for each in taxonomy.SENSITIVE)


@pytest.mark.parametrize("text", [SONDAGE.read_text(encoding="utf-8"), MAP], ids=["sondage", "little"])
def test_our_maps_are_valid_fideslang(text: str) -> None:
    loaded: Taxonomy = load_manifests_into_taxonomy(yaml.safe_load(text))
    ours = parse(text, name="m.yaml")
    assert {each.name for each in loaded.dataset[0].collections} == {each.name for each in ours.collections}
    assert sum(len(each.fields) for each in loaded.dataset[0].collections) == sum(1 for _ in ours.columns())


def test_a_dataset_without_a_word_of_garant_is_read() -> None:
    """The shape of Fides' public sample, whose file is not kept here."""
    made = parse(FIDES, name="shop.yaml")
    customer = made.collection("customer")
    assert customer is not None
    assert [column.name for column in customer.columns] == ["address_id", "email", "name", "workplace_info"]
    assert customer.columns[1].identity == "email"
    assert customer.columns[3].json == {"$.position": "user.job_title"}
    assert customer.columns[3].personal
    assert made.application == "shop_dataset"


def test_everything_of_the_example_is_read() -> None:
    made = parse(SONDAGE.read_text(encoding="utf-8"), name="garant-map.yaml")
    person = made.collection("surveys_person")
    assert person is not None
    assert (person.tenant, person.own_tenant, person.capture, person.erasure.mode) == (("tenant",), "tenant", True, "anonymise")
    assert person.subject is not None
    assert person.subject.key == "subject"
    survey = made.collection("surveys_survey")
    assert survey is not None
    assert survey.subject is not None
    assert survey.subject.target == Reference("surveys_person", "id")
    assert survey.erasure.fields == ("title", "introduction")
    assert [store.engine for store in made.stores] == ["postgresql", "local", "local"]
    assert made.not_personal == {("public", "django_migrations"): 14}
    assert made.controller is not None


def test_sealed_columns_with_their_index() -> None:
    text = field("sealed: {index: tenant, replaces: id, class: health}")
    ((_, column),) = parse(text, name="m.yaml").sealed()
    assert column.sealing == Sealing("health", "tenant", "id")
    assert column.line == 9


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "the map is empty; `garant map init` proposes one"),
        ("- a", 1, "write `dataset:`"),
        ("dataset: [", 1, "not valid YAML"),
        ("dataset:\n\t- x", 2, "not valid YAML"),
        ("datasett: []", 1, "unknown key 'datasett' in the map; write 'dataset'"),
        ("dataset: []", 1, "there is no dataset; write `- fides_key: ...`"),
        ("dataset: &a [*a]", 1, "the alias *a is not read; write the value out"),
        ("dataset: !!python/object:os.system []", 1, "the tag tag:yaml.org,2002:python/object:os.system is not read"),
        ("dataset:\n- fides_key: x\n  fides_key: y\n  collections: []", 3, "'fides_key' is already in dataset x, at line 2; remove one"),
        ("dataset:\n- fides_key: x", 2, "collections is missing in dataset x"),
        ("dataset:\n- fides_key: x\n  collections:\n  - fields: []", 4, "name is missing"),
        (field("", category="user.nope"), 9, "'user.nope' is not one of the data_categories of fideslang; write 'user"),
        (field("sealled: true"), 9, "unknown key 'sealled' in garant of field email of person; write 'sealed'"),
        (field("sealed: maybe"), 9, "sealed in garant of field email of person is 'maybe'; write true or false"),
        (field("sealed: {index: emial_index}"), 9, "index of email is 'emial_index', no other field of person"),
        (
            field("sealed: true", collection="without_tenant: shared"),
            9,
            "person.email is sealed under a tenant's key, but its table has none",
        ),
        (field("copy_of: customer.email"), 9, "no collection is named 'customer'; write one of person"),
        (field("copy_of: person.mail"), 9, "copy_of points at person.mail, but person has no such field; write 'email'"),
        (field("copy_of: mail"), 9, "'mail' names no column; write `copy_of: collection.column`"),
        (field("match: fuzzy"), 9, "match in garant of field email of person is 'fuzzy'; write one of casefold, digits, exact"),
        (field("json: {email: user.name}"), 9, "'email' is not a path into a document; write for example `$.email`"),
        (field("json: {$.a: user.nam}"), 9, "'user.nam' is not one of the data_categories of fideslang; write 'user.name'"),
        (field("", collection="tenant: organisation"), 5, "the tenant column 'organisation' is no field of person; write one of"),
        (field("", collection="tenant: survey.tenant"), 5, "the first link of the tenant's path 'survey' is no field of person"),
        (field("", collection="tenant: tenant, without_tenant: none"), 5, "has a tenant and a reason not to have one; remove one"),
        (field("", collection="capture: true"), 5, "cannot be recorded for a tenant that it does not have"),
        (field("", collection="tenant: tenant, subject: {key: mail}"), 5, "'mail' is no field of person; write 'email'"),
        (field("", collection="tenant: tenant, subject: {}"), 5, "needs exactly one of key, via, generic"),
        (
            field("", collection="tenant: tenant, subject: {via: email}"),
            5,
            "'email' is not a link; write `via: customer_id -> customer.id`",
        ),
        (field("", collection="tenant: tenant, retention: {from: id, keep: 3 years}"), 5, "'3 years', not a duration; write ISO 8601"),
        (field("", collection="tenant: tenant, erase: forget"), 5, "erase in garant of collection person is 'forget'; write one of"),
        (field("", name="id"), 9, "field 'id' of person is already at line 7; remove one of the two"),
        (MAP.replace("[kind]", "[kind, person]"), 6, "'person' is under not_personal and is a collection too (line 8)"),
        (
            MAP.replace("[kind]", "[kind]\n    stores: [{name: x, jurisdiction: Québec}]"),
            7,
            "'Québec' is not a jurisdiction; write an ISO 3166",
        ),
        (
            MAP.replace("[kind]", "[kind]\n    activities: [{key: a}]"),
            7,
            "purpose is missing in activity a; write `purpose: {fr: ..., en: ...}`",
        ),
        (MAP.replace("context: signed", "context: sign"), 5, "context in garant of dataset little is 'sign'; write 'signed'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(text: str, line: int, words: str) -> None:
    found = problems(text)
    assert any(each.startswith(f"m.yaml:{line}: ") and words in each for each in found), found


def test_every_mistake_is_told_at_once_and_once() -> None:
    text = field("sealed: 3, copy_of: a.b", category="user.nope").replace("fides_key", "fides_kee")
    found = problems(text)
    assert len(found) >= 4
    assert len(set(found)) == len(found)


@given(st.text(max_size=200))
def test_no_text_makes_anything_but_a_map_or_a_sentence(text: str) -> None:
    with contextlib.suppress(MapError):
        parse(text, name="m.yaml")


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "dataset",
                        "fides_key",
                        "collections",
                        "name",
                        "fields",
                        "garant",
                        "tenant",
                        "sealed",
                        "stores",
                        "activities",
                        "subject",
                        "erase",
                        "json",
                        "fides_meta",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=30,
    )
)
def test_no_document_makes_anything_but_a_map_or_a_sentence(document: object) -> None:
    with contextlib.suppress(MapError):
        parse(yaml.safe_dump(document, allow_unicode=True), name="m.yaml")


@pytest.mark.parametrize("text", ["x: " + "[" * 8_000, "x: " + "{a: " * 8_000, "".join(f"{' ' * n}a:\n" for n in range(200))])
def test_endless_nesting_is_said_at_once(text: str) -> None:
    begun = time.monotonic()
    with pytest.raises(MapError, match=r"40 levels|not valid YAML"):
        parse(text, name="map.yaml")
    assert time.monotonic() - begun < 2
