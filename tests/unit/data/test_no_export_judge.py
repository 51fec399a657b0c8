"""A page, a right, or one person who took too much: each breaks; nothing declared proves nothing."""

import copy
import uuid
from datetime import timedelta
from typing import Any

from garant.data.policy.no_export import judge, over
from garant.kernel.promise import Canary, Evidence, Finding, Promise
from support.evidence import HOUR, NOON

GOOD: dict[str, Any] = {
    "limit_bytes": 200_000_000,
    "pages": {"asked": 4, "open": []},
    "role": {"asked": 8, "may": []},
    "readers": 3,
    "largest_bytes": 12_000_000,
    "above": 0,
}


def finding(**changes: Any) -> Finding:
    facts = {**copy.deepcopy(GOOD), **changes}
    run = Evidence("1", "data.no_export", "data.export_tries", NOON, NOON, NOON + HOUR, 3, 3, facts, Canary.HELD, (), None, "", 1)
    return judge(Promise("data.no_export"), run)


def test_everything_refused_is_kept_with_the_largest_reading():
    found = finding()
    assert (found.holds, found.number.en) == (True, "0")
    assert "12 MB (limit: 200)" in found.reason.en


def test_each_way_out_breaks():
    assert finding(pages={"asked": 4, "open": ["/export/"]}).holds is False
    assert finding(role={"asked": 8, "may": ["member_of pg_read_all_data"]}).holds is False
    found = finding(above=2)
    assert (found.holds, found.number.en, found.reason.en) == (False, "2", "In one hour, 2 people read more than 200 MB.")


def test_without_a_declared_page_nothing_was_tried():
    assert finding(pages={}).holds is None


def test_a_person_is_counted_once_and_per_hour():
    one, two, town = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=9)
    rows = [(town, one, NOON, 60), (town, one, NOON + timedelta(hours=1), 60), (town, two, NOON, 50), (town, two, NOON + HOUR, 50)]
    assert over(rows, 55) == [(town, one)]
    assert over(rows, 60) == []


def test_a_journal_without_a_reading_proves_nothing():
    found = finding(readers=0, largest_bytes=0)
    assert (found.holds, "holds no reading" in found.reason.en) == (None, True)
