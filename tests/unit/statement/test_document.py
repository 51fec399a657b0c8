"""Statement documents: every mistake at once, each with its line and what to write instead."""
# ruff: noqa: E501 - messages are quoted whole

import pytest

from garant.kernel.promise import Promise
from garant.kernel.source import Lines
from garant.kernel.text import Text
from garant.statement.policy.document import DocumentError, parse

CONTROLS = ("access.login", "access.network", "assurance.tls")

GOOD = """\
# a statement
[statement]
slug = "demo"
title = { fr = "Nos promesses", en = "Our promises" }
dated = 2026-10-15

[[chapter]]
key = "entry"
title = { fr = "Qui peut entrer", en = "Who can come in" }

[[claim]]
id = "ASO-16"
chapter = "entry"
class = "E"
family = "ACC-IP"
fr = "Les données d’un client ne répondent qu’aux adresses autorisées."
en = "A customer’s data answer to listed addresses only."
control = "access.network"
parameters = { aspect = "tenant_data", limit_seconds = 2 }

[[claim]]
id = "ASO-24"
chapter = "entry"
class = "E"
family = "ACC-AUTH"
fr = "Un code envoyé au téléphone peut renforcer la connexion."
en = "A code sent to a phone can harden the login."
unbuilt = { fr = "Pas encore construit.", en = "Not built yet." }

[[claim.note]]
tls = ["legacy"]
fr = "Une note."
en = "A note."
"""


def problems(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(text, name="demo.toml", controls=CONTROLS)
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return list(caught.value.problems)


def test_a_good_document_is_read_whole():
    document = parse(GOOD, name="demo.toml", controls=CONTROLS)
    bound, unbuilt = document.claims
    assert bound.promises == (Promise("access.network", {"aspect": "tenant_data", "limit_seconds": 2}),)
    assert bound.sentence.en == "A customer’s data answer to listed addresses only."
    assert (unbuilt.promises, unbuilt.unbuilt) == ((), Text("Pas encore construit.", "Not built yet."))
    assert unbuilt.notes[0].tls == ("legacy",)
    assert document.claim("ASO-24") is unbuilt
    assert document.claim("ASO-99") is None
    assert (document.dated.isoformat(), document.excerpt, document.review_by) == ("2026-10-15", False, None)


def test_a_claim_may_need_several_controls():
    text = GOOD.replace(
        'control = "access.network"\nparameters = { aspect = "tenant_data", limit_seconds = 2 }',
        'controls = [\n    { key = "access.login" },\n    { key = "access.network", parameters = { aspect = "x" } },\n]',
    )
    claim = parse(text, name="demo.toml", controls=CONTROLS).claims[0]
    assert claim.promises == (Promise("access.login"), Promise("access.network", {"aspect": "x"}))


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("family = \"ACC-IP\"", "familly = \"ACC-IP\"\nfamily = \"ACC-IP\"", "demo.toml:15: unknown key 'familly' in claim ASO-16; write 'family'"),
        ('control = "access.network"', 'control = "access.netwrok"', "demo.toml:18: claim ASO-16: no control is named 'access.netwrok'; write 'access.network'"),
        ('control = "access.network"', 'control = "zzz"', "demo.toml:18: claim ASO-16: no control is named 'zzz'; write one of access.login, access.network, assurance.tls"),
        ('en = "A customer’s data answer to listed addresses only."\n', "", 'demo.toml:11: en is missing in claim ASO-16; write en = "..." beside fr'),
        ('en = "A customer’s data answer to listed addresses only."', 'en = " "', 'demo.toml:17: en is empty in claim ASO-16; write en = "..." beside fr'),
        ('class = "E"\nfamily = "ACC-IP"', 'class = "X"\nfamily = "ACC-IP"', "demo.toml:14: claim ASO-16: class is 'X'; write E (enforced), M (measured) or A (attested)"),
        ('id = "ASO-24"', 'id = "ASO-16"', "demo.toml:22: claim 'ASO-16' is already at line 12; write another id"),
        ('id = "ASO-24"', 'id = "aso 24"', "demo.toml:22: 'aso 24' cannot be a claim's id; write capitals, a hyphen and a number, such as ASO-16"),
        ('chapter = "entry"\nclass = "E"\nfamily = "ACC-AUTH"', 'chapter = "entrey"\nclass = "E"\nfamily = "ACC-AUTH"', "demo.toml:23: claim ASO-24: no chapter has the key 'entrey'; write 'entry'"),
        ("limit_seconds = 2", "limit_seconds = 2.5", "demo.toml:19: parameters of claim ASO-16 may hold texts, whole numbers, true and false; write a share in basis points, a date as text"),
        ('unbuilt = { fr = "Pas encore construit.", en = "Not built yet." }\n', "", "demo.toml:22: claim ASO-24 is bound to nothing; write one of control, controls, or unbuilt = { fr, en } with the reason"),
        ('unbuilt = { fr = "Pas encore construit.", en = "Not built yet." }', 'unbuilt = { fr = "Pas encore construit." }', 'demo.toml:28: en is missing in [claim.unbuilt]; write en = "..." beside fr'),
        ("dated = 2026-10-15", 'dated = "2026-10-15"', "demo.toml:5: dated in [statement] is '2026-10-15'; write a date without quotes: dated = 2026-11-20"),
        ('slug = "demo"', 'slug = "Demo !"', "demo.toml:3: 'Demo !' cannot be a slug; write lower-case letters, digits and hyphens, a letter first, 41 at most"),
        ('tls = ["legacy"]', 'tls = ["old"]', "demo.toml:31: no TLS profile is named 'old'; write one of intermediate, legacy, modern"),
        ('title = { fr = "Nos promesses", en = "Our promises" }', 'title = "Nos promesses"', "demo.toml:4: title in [statement] is 'Nos promesses'; write both languages: title = { fr = \"...\", en = \"...\" }"),
        ('dated = 2026-10-15', 'dated = 2026-10-15\nexcerpt = "yes"', "demo.toml:6: excerpt in [statement] is 'yes'; write true or false"),
        ('slug = "demo"', 'slug = "demo', "demo.toml:3: not valid TOML at column 13: Illegal character '\\n'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(good, bad, message):
    assert good in GOOD
    assert problems(GOOD.replace(good, bad, 1)) == [message]


def test_all_mistakes_come_at_once_in_the_order_of_the_lines():
    text = (
        GOOD.replace('control = "access', 'controll = "access')
        .replace('class = "E"', 'class = "X"', 1)
        .replace("[[claim.note]]", "[[claim.notes]]")
    )
    assert [line.split(": ")[0] for line in problems(text)] == ["demo.toml:12", "demo.toml:14", "demo.toml:18", "demo.toml:30"]


def test_an_empty_document_says_what_is_missing():
    assert problems("") == [
        "demo.toml:1: the table [statement] is missing; write [statement] on a line of its own",
        "demo.toml:1: there is no chapter; write [[chapter]] at least once",
        "demo.toml:1: there is no claim; write [[claim]] at least once",
    ]


def test_two_ways_of_keeping_one_claim_are_refused():
    text = GOOD.replace('control = "access.network"', 'control = "access.network"\nunbuilt = { fr = "Non.", en = "No." }')
    assert problems(text) == [
        "demo.toml:19: claim ASO-16 has control and unbuilt; write one of control, controls, or unbuilt = { fr, en } with the reason"
    ]


def test_lines_are_not_fooled_by_the_content_of_a_text():
    text = 'a = """\n[[claim]]\nid = 3\n"""\n\n[[claim]]\nid = 1\n  [claim.x.y]\n  z = 2\n[[claim]]\n"id" = 2\n'
    lines = Lines(text)
    assert [lines.of("a"), lines.of("claim", 0, "id"), lines.of("claim", 0, "x", "y", "z"), lines.of("claim", 1, "id")] == [1, 7, 9, 11]
    assert lines.of("claim", 1, "nowhere", 3, "at all") == 10
    assert lines.of("nowhere") == 1
