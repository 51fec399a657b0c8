"""A start with an insecure setting is refused, and the refusal says what to write."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from garant.access.checks import ABSENT, FORBIDDEN_APPS, ONLY, faults, secure_settings


def changed(**others: Any) -> SimpleNamespace:
    names = [*ONLY, *ABSENT, "INSTALLED_APPS", "CACHES"]
    return SimpleNamespace(**{**{name: getattr(settings, name, None) for name in names}, **others})


def test_the_product_s_own_settings_are_accepted() -> None:
    assert secure_settings() == []


@pytest.mark.parametrize("name", sorted(ONLY))
def test_each_security_relevant_setting_has_one_accepted_value(name: str) -> None:
    found = faults(changed(**{name: "something else"}))
    assert len(found) == 1
    assert name in found[0]
    assert repr(ONLY[name]) in found[0]


def test_the_bypass_code_for_tests_is_refused_even_in_debug() -> None:
    """Trap 15."""
    found = faults(changed(MFA_TOTP_INSECURE_BYPASS_CODE="000000"))
    assert found == ["MFA_TOTP_INSECURE_BYPASS_CODE is set; remove it"]


def test_headless_tokens_are_refused() -> None:
    """Trap 14: they live up to five minutes after a revocation."""
    assert faults(changed(HEADLESS_ENABLED=True))
    assert faults(changed(INSTALLED_APPS=[*settings.INSTALLED_APPS, "allauth.headless"]))


def test_trusted_browsers_are_refused() -> None:
    """Trap 9: a stateless cookie that skips the factor and cannot be revoked."""
    assert any("MFA_TRUST_ENABLED" in text for text in faults(changed(MFA_TRUST_ENABLED=True)))


def test_a_cache_of_one_process_is_refused() -> None:
    """Trap 13: it would multiply every limit by the number of workers."""
    found = faults(changed(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}))
    assert len(found) == 1
    assert "shared" in found[0]


@pytest.mark.parametrize("app", FORBIDDEN_APPS)
def test_applications_that_open_another_way_in_are_refused(app: str) -> None:
    assert faults(changed(INSTALLED_APPS=[*settings.INSTALLED_APPS, app]))
