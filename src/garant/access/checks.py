"""Insecure settings stop the start (`manage.py check`, `garant doctor`, and every process through `register`).

Each line is a defect that was seen in the field; the table says which value is the only one accepted.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

ONLY: dict[str, object] = {
    "SESSION_ENGINE": "garant.access.sessions",
    "SESSION_COOKIE_NAME": "__Host-sid",
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_PATH": "/",
    "SESSION_COOKIE_DOMAIN": None,
    "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
    "CSRF_USE_SESSIONS": True,
    "CSRF_TRUSTED_ORIGINS": [],
    "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "USE_X_FORWARDED_HOST": False,
    "USE_X_FORWARDED_PORT": False,
    "AUTHENTICATION_BACKENDS": ["garant.access.engines.allauth.TenantBackend"],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    "ACCOUNT_ADAPTER": "garant.access.engines.allauth.AccountAdapter",
    "ACCOUNT_LOGIN_METHODS": {"username"},
    "ACCOUNT_SESSION_REMEMBER": False,
    "MFA_ADAPTER": "garant.access.engines.allauth.FactorAdapter",
    "MFA_TRUST_ENABLED": False,
    "MFA_TOTP_TOLERANCE": 1,
    "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
    "DEBUG": False,
}
"""The only accepted value of each setting."""

ABSENT = ("MFA_TOTP_INSECURE_BYPASS_CODE", "HEADLESS_ENABLED", "HEADLESS_ONLY", "ACCOUNT_RATE_LIMITS")
"""Settings that must not be there: a code that always passes, tokens that outlive a revocation, fewer limits."""

SHARED_CACHES = ("django.core.cache.backends.db.DatabaseCache",)
"""A cache of one process would multiply every limit by the number of processes."""

FORBIDDEN_APPS = ("django.contrib.admin", "django.contrib.sessions", "django.contrib.sites", "allauth.headless", "allauth.usersessions")


def faults(held: Any) -> list[str]:
    """What is wrong with these settings, in sentences that say what to write."""
    found = [
        f"{name} is {getattr(held, name, None)!r}; the only accepted value is {wanted!r}"
        for name, wanted in ONLY.items()
        if getattr(held, name, None) != wanted
    ]
    found += [f"{name} is set; remove it" for name in ABSENT if getattr(held, name, None)]
    found += [f"{app} is installed; remove it from INSTALLED_APPS" for app in FORBIDDEN_APPS if app in held.INSTALLED_APPS]
    if held.CACHES.get("default", {}).get("BACKEND") not in SHARED_CACHES:
        found.append("the default cache is not shared by all processes; limits of tries would not hold")
    return found


@register("security")
def secure_settings(app_configs: Iterable[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """One error a fault."""
    return [Error(text, id=f"access.E{number:03}") for number, text in enumerate(faults(settings), 1)]
