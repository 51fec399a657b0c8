"""The system checks: shipped statements and registry agree."""

import pytest
from django.conf import settings

from garant.statement import checks


def test_the_shipped_statements_are_sound():
    assert checks.statements_are_sound() == []


def test_a_control_absent_from_the_registry_is_an_error_with_its_line(monkeypatch):
    monkeypatch.setattr(settings, "PROMISE_REGISTRY", "builtins.dict")
    found = checks.statements_are_sound()
    assert {error.id for error in found} == {"statement.E001"}
    assert any("aso.toml:" in error.msg and "claim ASO-16: no control is named 'access.network'" in error.msg for error in found)


@pytest.mark.parametrize("id_", ["ASO-26", "ASO-01"])
def test_what_is_not_bound_yet_is_listed(id_):
    [listed] = checks.unbound_claims()
    assert id_ in listed.msg
    assert "ASO-16" not in listed.msg
