"""The steps of a probe: the example's own are read whole; every mistake is told with its line."""

from pathlib import Path

import pytest

from garant.data.policy.recipe import filled, parse
from garant.kernel.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[3] / "examples" / "sondage" / "garant-probe.toml"
READ = '[[read]]\nget = "/"\n'


def test_the_example_has_steps_for_every_part():
    found = parse(EXAMPLE.read_text(encoding="utf-8"), name="garant-probe.toml")
    assert all((found.plant, found.read, found.change, found.clean, found.export))
    assert found.plant[0].find["survey"][0] == "location"


def test_what_one_step_finds_a_later_one_uses():
    found = parse('[[plant]]\npost = "/new"\nfind = { id = "location /x/([0-9]+)" }\n[[read]]\nget = "/x/{id}"\n', name="p.toml")
    assert found.read[0].path_for({"id": "7"}) == "/x/7"


def test_an_unknown_name_is_left_as_it_is():
    assert filled("{mark} {nobody}", {"mark": "m"}) == "m {nobody}"


MISTAKES = [
    ('[[plant]]\npost = "/new/{id}"\n' + READ, "p.toml:2: {id} is not known at this step"),
    ('[[plant]]\nform = { a = "b" }\n' + READ, "p.toml:1: a step has one path"),
    ('[[plant]]\npost = "new"\n' + READ, "p.toml:2: 'new' is not a path; begin it with /"),
    ('[[plant]]\npost = "/new"\nfind = { id = "body [0-9]+" }\n' + READ, "p.toml:3: 'body [0-9]+' finds nothing"),
    ('[[plant]]\npost = "/new"\nfind = { id = "page ([0-9]+)" }\n' + READ, 'write "location PATTERN" or'),
    ('[[plant]]\npost = "/new"\nformm = { a = "b" }\n' + READ, "p.toml:3: unknown key 'formm'"),
    ('[[plant]]\npost = "/new"\nform = { a = 3 }\n' + READ, "p.toml:3: form holds texts only"),
    ('[[plant]]\npost = "/new"\n', "there is no read; write [[read]] at least once"),
    ("[[plant]\n", "p.toml: not valid TOML"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_told_with_its_line(text, told):
    with pytest.raises(ConfigurationError) as caught:
        parse(text, name="p.toml")
    assert told in str(caught.value)


@pytest.mark.parametrize("text", [f"a = {'9' * 5_000}", f"a = {'[' * 3_000}{']' * 3_000}", f"a = {'{a=' * 3_000}1{'}' * 3_000}"])
def test_what_python_gives_up_on_is_a_mistake_of_the_file(text):
    with pytest.raises(ConfigurationError, match=r"p\.toml: not valid TOML"):
        parse(text, name="p.toml")
