"""What facts say: every fault breaks, nothing seen is no answer, and both languages come out whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from garant.access.policy import judges
from garant.kernel.promise import Canary, Evidence, Finding, Judge, Promise

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
PASS = {"tenant": "1a2b3c4d", "path": "/gestion/", "status": 200}


def judged(judge: Judge, facts: dict[str, Any], **parameters: Any) -> Finding:
    run = Evidence("e", "p", "m", NOW, NOW, NOW + timedelta(hours=1), 2, 2, facts, Canary.HELD, (), None, "d", 1)
    return judge(Promise("access.x", parameters), run)


GOOD: list[tuple[Judge, dict[str, Any], dict[str, Any]]] = [
    (judges.network, {"tenants": 2, "tries": 8, "passes": [], "shut": [], "without_list": 0}, {"aspect": "tenant_data"}),
    (judges.network, {"tenants": 1, "tries": 4, "passes": [], "shut": [], "unprobed": 0}, {"aspect": "tenant_data"}),
    (judges.network, {"tenants": 2, "tries": 8, "passes": [], "shut": [], "without_list": 1}, {"aspect": "deny"}),
    (judges.address_request, {"problems": [], "opened_ms": 120, "closed_ms": 90}, {"aspect": "temporary"}),
    (judges.address_request, {"problems": [], "opened_ms": 120, "heaviest_bytes": 9000, "slowest_ms": 900}, {"aspect": "cellular"}),
    (judges.login, {"open": [], "asked": 40, "public": ["/s/"]}, {}),
    (judges.session_cookie, {"faults": [], "set_cookie_lines": 6, "identifier_bits": 258, "tenants": 2}, {"aspect": "identifiers"}),
    (judges.session_cookie, {"faults": [], "set_cookie_lines": 6, "identifier_bits": 258, "tenants": 1}, {"aspect": "opaque"}),
    (judges.roles, {"open": [], "asked": 20}, {}),
    (judges.self_administration, {"shut": [], "open": [], "pages": 6}, {}),
    (judges.unique_credentials, {"duplicates": 0, "people": 9, "missing_constraints": [], "duplicate_refused": True}, {}),
    (
        judges.factor_default,
        {
            **{"new_tenant_rule": "required", "vectors": 6, "vectors_right": 6, "algorithm": "SHA1", "digits": 6, "period_seconds": 30},
            **{"plain_uri": True, "led_to_enrolment": 2, "asked": 2},
        },
        {"algorithm": "SHA1", "digits": 6, "period_seconds": 30},
    ),
    (judges.factor_urged, {"not_urged": [], "people": 9, "enrolled": 1, "led_to_enrolment": 2, "asked": 2}, {}),
    (judges.tenant_settings, {"settings": ["idle"], "failed": []}, {}),
]
BAD = [
    (judges.network, {"passes": [PASS]}),
    (judges.network, {"shut": [PASS]}),
    (judges.network, {"without_list": 1}),
    (judges.address_request, {"problems": ["not_opened"]}),
    (judges.address_request, {"problems": ["not_filed:403"]}),
    (judges.address_request, {"heaviest_bytes": 40_000}),
    (judges.login, {"open": [PASS]}),
    (judges.session_cookie, {"faults": ["name:panier", "a new code"]}),
    (judges.roles, {"open": [PASS]}),
    (judges.self_administration, {"shut": [PASS]}),
    (judges.self_administration, {"open": [PASS]}),
    (judges.unique_credentials, {"missing_constraints": ["login_unique_in_tenant"]}),
    (judges.unique_credentials, {"duplicates": 1}),
    (judges.unique_credentials, {"duplicate_refused": False}),
    (judges.factor_default, {"new_tenant_rule": "recommended"}),
    (judges.factor_default, {"vectors_right": 5}),
    (judges.factor_default, {"digits": 8}),
    (judges.factor_default, {"plain_uri": False}),
    (judges.factor_default, {"led_to_enrolment": 1}),
    (judges.factor_urged, {"not_urged": ["1a2b3c4d"]}),
    (judges.factor_urged, {"led_to_enrolment": 1}),
    (judges.tenant_settings, {"failed": [{"tenant": "1a2b3c4d", "setting": "idle"}]}),
]
NOTHING = [
    (judges.network, {"tries": 0}),
    (judges.network, {"unprobed": 1}),
    (judges.login, {"asked": 0}),
    (judges.session_cookie, {"set_cookie_lines": 0}),
    (judges.roles, {"asked": 0}),
    (judges.self_administration, {"pages": 0}),
    (judges.unique_credentials, {"people": 0}),
    (judges.factor_urged, {"asked": 0, "led_to_enrolment": 0}),
    (judges.factor_default, {"asked": 0, "led_to_enrolment": 0}),
    (judges.tenant_settings, {"settings": []}),
    (judges.address_request, {"heaviest_bytes": 0}),
]


def base(judge: Judge, changes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The good facts of this judge that know the changed names."""
    return next((facts, parameters) for each, facts, parameters in GOOD if each is judge and changes.keys() <= facts.keys())


@pytest.mark.parametrize(("judge", "facts", "parameters"), GOOD)
def test_good_facts_hold(judge: Judge, facts: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert judged(judge, facts, **parameters).holds is True


@pytest.mark.parametrize(("judge", "changes"), BAD)
def test_one_fault_breaks(judge: Judge, changes: dict[str, Any]) -> None:
    facts, parameters = base(judge, changes)
    assert judged(judge, {**facts, **changes}, **parameters).holds is False


@pytest.mark.parametrize(("judge", "changes"), NOTHING)
def test_nothing_seen_is_no_answer(judge: Judge, changes: dict[str, Any]) -> None:
    facts, parameters = base(judge, changes)
    assert judged(judge, {**facts, **changes}, **parameters).holds is None


@pytest.mark.parametrize(("judge", "facts", "parameters"), GOOD)
def test_a_list_of_faults_that_is_missing_never_holds(judge: Judge, facts: dict[str, Any], parameters: dict[str, Any]) -> None:
    for name in [name for name, value in facts.items() if value == []]:
        with pytest.raises(KeyError):
            judged(judge, {key: value for key, value in facts.items() if key != name}, **parameters)


@pytest.mark.parametrize(("judge", "facts", "parameters"), GOOD)
def test_french_has_its_no_break_spaces_and_english_none_of_them(judge: Judge, facts: dict[str, Any], parameters: dict[str, Any]) -> None:
    found = judged(judge, facts, **parameters)
    for text in (found.reason, found.words):
        assert " :" not in text.fr
        assert " :" not in text.en
        assert "\N{NO-BREAK SPACE}:" not in text.en
    assert found.reason.fr.endswith(".")
    assert found.reason.en.endswith(".")


def test_times_are_rounded_up_and_written_as_each_language_does() -> None:
    found = judged(judges.address_request, {"problems": [], "opened_ms": 1201, "closed_ms": 1}, aspect="temporary")
    assert found.number.fr == "1,3\N{NO-BREAK SPACE}s"
    assert found.number.en == "1.3 s"
    assert "0,1\N{NO-BREAK SPACE}s" in found.reason.fr
