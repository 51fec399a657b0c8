"""What a map compiles to and what is guessed, without a database: coverage, orders, places, the register, proposals."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garant.data.policy import register, words
from garant.data.policy.catalogue import Catalogue, ForeignKey, LiveColumn, LiveTable
from garant.data.policy.compile import places
from garant.data.policy.compile.change import bones, literal, made_name, quote
from garant.data.policy.compile.order import dump_order, erasure_order
from garant.data.policy.compile.paths import Tenant, tenant_of
from garant.data.policy.coverage import coverage
from garant.data.policy.discovery import guess, tenant_column, tenant_path
from garant.data.policy.map import DataMap
from garant.data.policy.reading import parse
from garant.data.policy.writing import proposal
from support.mapped import MAP

TYPES = {"email": "character varying", "id": "uuid", "at": "timestamp with time zone"}


def table(name: str, *columns: str, keys: tuple[tuple[str, str], ...] = (), **more: object) -> LiveTable:
    """A table whose columns are texts, required, with foreign keys (column, other table) to `id`."""
    made = tuple(LiveColumn(each, TYPES.get(each, "text"), TYPES.get(each, "text"), True) for each in columns)
    foreign = tuple(ForeignKey(f"{name}_{column}", (column,), ("public", target), ("id",), deferrable=True) for column, target in keys)
    return LiveTable("public", name, "r", "owner", columns=made, primary_key=("id",), foreign_keys=foreign, **more)  # type: ignore[arg-type]


def database(*tables: LiveTable) -> Catalogue:
    return Catalogue("x", 150000, "sondage", {each.table: each for each in tables})


def little() -> DataMap:
    return parse(MAP, name="little.yaml")


def live() -> Catalogue:
    return database(
        table("person", "id", "tenant", "email", "name", "password"),
        table("survey", "id", "tenant", "title", "author", keys=(("author", "person"),)),
        table("question", "id", "tenant", "label", "survey_id", keys=(("survey_id", "survey"),)),
        table("answer", "id", "question_id", "text", keys=(("question_id", "question"),)),
        table("visit", "id", "tenant", "at"),
        table("kind", "code"),
    )


def with_table(catalogue: Catalogue, changed: LiveTable) -> Catalogue:
    return replace(catalogue, tables={**catalogue.tables, changed.table: changed})


def test_a_map_that_says_everything_has_no_finding() -> None:
    seen = coverage(little(), live())
    assert seen.findings == ()
    assert (seen.mapped, seen.columns) == (20, 20)
    assert [line.table for line in seen.without_tenant] == ["answer"], "trap 19: every table without a tenant of its own is listed"


def test_a_unique_key_without_the_tenant_is_told_for_information() -> None:
    uniques = (("email",), ("id",), ("id", "tenant"), ("tenant", "name"))
    seen = coverage(little(), with_table(live(), table("person", "id", "tenant", "email", "name", "password", uniques=uniques)))
    assert [(each.table, each.columns) for each in seen.telling] == [("person", ("email",))]
    assert "put the tenant in front" in seen.telling[0].sentence
    assert seen.findings == ()
    assert coverage(little(), live()).telling == ()


def test_a_numbered_key_tells_and_one_below_the_parent_of_its_path_does_not() -> None:
    numbered = replace(
        table("answer", "id", "question_id", "text", keys=(("question_id", "question"),)),
        columns=tuple(LiveColumn(name, kind, kind, True) for name, kind in (("id", "bigint"), ("question_id", "uuid"), ("text", "text"))),
        uniques=(("question_id", "text"),),
    )
    assert [each.columns for each in coverage(little(), with_table(live(), numbered)).telling] == [("id",)]


def test_a_new_column_is_named_with_the_line_to_add() -> None:
    person = table("person", "id", "tenant", "email", "name", "password", "courriel_perso")
    (found,) = coverage(little(), with_table(live(), person)).findings
    assert (found.kind, found.subject) == ("unmapped_column", "person.courriel_perso")
    assert found.add == "    - {name: courriel_perso, data_categories: [user.contact.email]}"
    assert found.line == 15
    text = MAP.splitlines()
    text.insert(found.line, found.add)
    assert coverage(parse("\n".join(text), name="m"), with_table(live(), person)).findings == (), "the line that is told is the line to add"


def test_a_new_table_a_gone_one_and_a_gone_column_are_named() -> None:
    catalogue = live()
    tables = {name: each for name, each in catalogue.tables.items() if name[1] != "visit"}
    tables["public", "letter"] = table("letter", "id", "email")
    tables["public", "survey"] = table("survey", "id", "tenant", "title")
    found = {(each.kind, each.subject) for each in coverage(little(), replace(catalogue, tables=tables)).findings}
    assert found == {("unmapped_table", "letter"), ("gone_table", "visit"), ("gone_column", "survey.author")}


def test_personal_data_in_a_table_called_not_personal_are_found() -> None:
    (found,) = coverage(little(), with_table(live(), table("kind", "code", "contact_email"))).findings
    assert (found.kind, found.subject, found.line) == ("personal_outside", "kind.contact_email", 6)


def test_a_path_that_stops_before_a_tenant_is_told_where() -> None:
    catalogue = with_table(live(), table("question", "id", "label", "survey_id", "tenant"))
    (found,) = coverage(little(), catalogue).findings
    assert found.kind == "tenant_path"
    assert "question has no foreign key from 'survey'" in found.mend


def test_personal_rows_need_a_tenant_or_a_reason() -> None:
    bare = MAP.replace("    garant: {tenant: tenant, capture: true}\n", "", 1)
    (found,) = coverage(parse(bare, name="m"), live()).findings
    assert (found.kind, found.subject) == ("no_tenant", "person")
    reasoned = MAP.replace("{tenant: tenant, capture: true}", "{without_tenant: shared by all}", 1)
    assert coverage(parse(reasoned, name="m"), live()).findings == ()


def test_a_sealed_column_that_is_a_text_is_told() -> None:
    sealed = MAP.replace(
        "{name: email, data_categories: [user.contact.email]}",
        "{name: email, garant: {sealed: true}, data_categories: [user.contact.email]}",
    )
    (found,) = coverage(parse(sealed, name="m"), live()).findings
    assert (found.kind, found.subject) == ("clear", "person.email")


def test_a_path_becomes_one_condition_over_its_links() -> None:
    answer = little().collection("answer")
    assert answer is not None
    found = tenant_of(answer, live())
    assert isinstance(found, Tenant)
    assert [hop.target[1] for hop in found.hops] == ["question", "survey"]
    assert found.expression.count("exists (select 1") == 1


@pytest.mark.parametrize(
    ("given", "back"),
    [
        ('"tenant" = (select garant.ctx_tenant())', "((tenant)::text = ( SELECT garant.ctx_tenant() AS ctx_tenant))"),
        ('"org" = (select garant.ctx_tenant()::integer)', "(org = ( SELECT (garant.ctx_tenant())::integer AS ctx_tenant))"),
    ],
)
def test_an_expression_and_what_the_server_makes_of_it_have_the_same_bones(given: str, back: str) -> None:
    assert bones(given) == bones(back)
    assert bones(given) != bones(back.replace("=", "<>"))
    assert bones(given) != bones(f"({back} OR true)")


def test_names_and_texts_are_quoted() -> None:
    assert quote('a"b') == '"a""b"'
    assert literal("l'eau\\") == "E'l''eau\\\\'"
    assert len(made_name("x" * 70, "y").encode()) <= 63
    assert made_name("x" * 70, "y") != made_name("x" * 70, "z")


def test_parents_come_first_in_a_dump_and_last_in_an_erasure() -> None:
    order = [step.tables[0][1] for step in dump_order(live(), list(live().tables))]
    assert order.index("person") < order.index("survey") < order.index("question") < order.index("answer")
    assert [step.tables for step in erasure_order(live(), list(live().tables))] == [
        step.tables for step in reversed(dump_order(live(), list(live().tables)))
    ]


def test_tables_in_a_circle_come_together_with_their_keys() -> None:
    catalogue = database(
        table("a", "id", "b_id", keys=(("b_id", "b"),)),
        table("b", "id", "a_id", keys=(("a_id", "a"),)),
        table("c", "id", "a_id", keys=(("a_id", "a"),)),
        table("tree", "id", "parent", keys=(("parent", "tree"),)),
    )
    steps = dump_order(catalogue, list(catalogue.tables))
    circle = next(step for step in steps if len(step.tables) == 2)
    assert {name for _, name in circle.tables} == {"a", "b"}
    assert {key for _, key, _ in circle.circular} == {"a_b_id", "b_a_id"}
    tree = next(step for step in steps if ("public", "tree") in step.tables)
    assert tree.circular == ((("public", "tree"), "tree_parent", True),)


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=4), max_size=12))
def test_every_order_has_each_table_once_and_no_child_before_its_parent(graph: dict[int, list[int]]) -> None:
    names = sorted({*graph, *(each for targets in graph.values() for each in targets)})
    made = [table(f"t{n}", "id", keys=tuple((f"c{i}", f"t{t}") for i, t in enumerate(graph.get(n, [])))) for n in names]
    catalogue = database(*made)
    steps = dump_order(catalogue, list(catalogue.tables))
    placed = [name for step in steps for name in step.tables]
    assert sorted(placed) == sorted(catalogue.tables)
    rank = {name: number for number, step in enumerate(steps) for name in step.tables}
    for each in made:
        for key in each.foreign_keys:
            assert rank[key.target] <= rank[each.table]


@pytest.mark.parametrize(
    ("name", "samples", "category"),
    [
        ("email", [], "user.contact.email"),
        ("courriel", [], "user.contact.email"),
        ("customerEmail", [], "user.contact.email"),
        ("mobile_phone", [], "user.contact.phone_number"),
        ("date_naissance", [], "user.demographic.date_of_birth"),
        ("numero_assurance_maladie", [], "user.government_id.national_identification_number"),
        ("password_hash", [], "user.authorization.password"),
        ("author_id", [], "user.unique_id"),
        ("title", [], "system.operations"),
        ("comment", ["ann@erable.example", "bob@bouleau.example", "n/a"], "user.contact.email"),
        ("reference", ["4111 1111 1111 1111", "5500-0000-0000-0004"], "user.financial.credit_card"),
        ("reference", ["4111 1111 1111 1112", "1234567890123"], "system.operations"),
        ("note", ["H2X 1Y4", "G1R 4P5"], "user.contact.address.postal_code"),
        ("value", ["pbkdf2_sha256$720000$abc$def="], "user.authorization.password"),
        ("source", ["192.0.2.7", "2001:db8::1"], "user.device.ip_address"),
        ("version", ["1.2.3", "2.0.1"], "system.operations"),
    ],
)
def test_guesses(name: str, samples: list[str], category: str) -> None:
    assert guess(LiveColumn(name, "text", "text"), samples).category == category


def test_whose_rows_they_are_is_guessed_from_the_columns_that_most_tables_have() -> None:
    assert tenant_column(live()) == "tenant"
    answer = live().tables["public", "answer"]
    assert tenant_path(answer, live(), "tenant") == "question_id.tenant"
    assert tenant_path(table("alone", "id"), live(), "tenant") == ""


def test_a_proposal_is_a_map_that_covers_its_database_and_holds_no_value() -> None:
    catalogue = live()
    secret = "ann@erable.example"
    text = proposal(catalogue, {("public", "answer"): {"text": [secret] * 3}}, application="little")
    assert secret not in text
    made = parse(text, name="proposed.yaml")
    assert "user.contact.email]}   # ? guessed from the values" in text
    assert {each.kind for each in coverage(made, catalogue).findings} <= {"no_tenant"}
    strange = table("order", "id", "Nom complet", "yes")
    assert parse(proposal(database(strange), {}, application="x y"), name="p").collection("order") is not None


ACTIVITY = """    stores:
    - {name: base, kind: database, engine: postgresql, jurisdiction: CA-QC}
    - {name: journaux, kind: logs, engine: local, holds: [user.behavior], jurisdiction: FR, keep: P30D}
    activities:
    - key: a
      name: {fr: "=Sondages", en: "=Surveys"}
      purpose: {fr: compter, en: count}
      basis: {fr: contrat, en: contract}
      data_subjects: [employee]
      collections: [person, visit]
"""


def test_places_and_register_are_in_both_languages() -> None:
    made = parse(MAP.replace("    not_personal: [kind]\n", "    not_personal: [kind]\n" + ACTIVITY), name="m")
    assert {(each.category, each.store.jurisdiction) for each in places.located(made) if each.category == "user.behavior"} == {
        ("user.behavior", "CA-QC"),
        ("user.behavior", "FR"),
    }
    french, english = register.register(made, "fr"), register.register(made, "en")
    assert french.outside == ("survey", "answer")
    rows = list(csv.DictReader(io.StringIO(register.as_csv(french, "fr").removeprefix("\ufeff"))))
    assert rows[0]["Traitement"] == "'=Sondages", "no cell is a formula"
    assert "adresse de courriel" in rows[0]["Catégories de renseignements"]
    assert rows[0]["Renseignements sensibles"] == "mot de passe"
    assert rows[0]["Destinataires"] == "–"
    page = register.as_html(english, "en")
    assert "<dt>Where kept</dt><dd>base (CA-QC), journaux (FR)</dd>" in page
    assert "Cells to fill in: 3" in page


def test_durations_are_said() -> None:
    assert words.duration("P3Y").fr == "3\u00a0ans"
    assert words.duration("P1Y6M").en == "1\u00a0year and 6\u00a0months"
    assert words.category("user.health_and_medical.genetic").fr == "données de santé"
