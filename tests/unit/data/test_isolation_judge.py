"""What got through breaks, whatever else failed; nothing of one's own seen proves nothing."""

import copy
from typing import Any

from garant.data.policy.isolation import judge
from garant.kernel.promise import Canary, Evidence, Finding, Promise
from support.evidence import HOUR, NOON

GOOD: dict[str, Any] = {
    "ways": {
        way: {"tries": 10, "through": [], "unclear": [], "witness": 2, "blind": []}
        for way in ("edge", "database", "own_tables", "keys", "exports")
    },
    "errors": {},
    "faults": [],
    "absent": [],
}


def finding(**changes: Any) -> Finding:
    facts = copy.deepcopy(GOOD)
    for name, value in changes.items():
        if name in facts["ways"]:
            facts["ways"][name] |= value
        else:
            facts[name] = value
    run = Evidence("1", "data.isolation", "data.trespass", NOON, NOON, NOON + HOUR, 5, 5, facts, Canary.HELD, (), None, "", 1)
    return judge(Promise("data.isolation"), run)


def test_nothing_through_and_everything_seen_is_kept():
    found = finding()
    assert (found.holds, found.number.en, found.words.en) == (True, "0", "let through in 50 tries")
    assert "makes no backups" in found.reason.en


def test_one_thing_through_breaks_even_where_another_way_failed():
    found = finding(edge={"through": ["own_host /sondages/{survey}/"]}, errors={"database": "away"})
    assert (found.holds, found.number.en) == (False, "1")
    assert "the public door: own_host /sondages/{survey}/" in found.reason.en


def test_a_fault_of_the_catalogue_breaks():
    found = finding(faults=["security_off surveys_person"])
    assert found.holds is False
    assert "row security is off on surveys_person" in found.reason.en


def test_a_way_that_failed_is_no_answer():
    assert finding(errors={"database": "the server is away"}).holds is None


def test_a_refusal_of_everything_is_no_isolation():
    for way in GOOD["ways"]:
        assert finding(**{way: {"witness": 0}}).holds is None
    assert finding(edge={"blind": ["/sondages/{survey}/"]}).holds is None


def test_a_try_without_an_answer_is_no_answer():
    found = finding(edge={"unclear": ["own_host /"]})
    assert found.holds is None
    assert "got no answer" in found.reason.en


def test_many_things_are_counted_after_the_first_three():
    found = finding(database={"through": [f"own t{number}" for number in range(9)]})
    assert found.number.en == "9"
    assert "and 6 more" in found.reason.en
