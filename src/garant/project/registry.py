"""Every promise that this build can keep, in one table: one line per area. The only place where areas' promises meet.

Each area's `promises.py` gives the measures of its promise keys for one deployment. A new area is one line here.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

from garant.kernel.deployment import Deployment
from garant.kernel.errors import ConfigurationError
from garant.kernel.promise import Keeper, Unmeasured
from garant.kernel.text import Text

Promises = Mapping[str, Sequence[Keeper | Unmeasured]]

AREAS = ("garant.access.promises", "garant.assurance.promises", "garant.continuity.promises")
PLANNED = (
    "access.network",
    "access.address_request",
    "access.login",
    "access.factor_urged",
    "access.factor_default",
    "access.unique_credentials",
    "access.session_cookie",
    "access.roles",
    "access.self_administration",
    "access.tenant_settings",
    "continuity.browser_only",
    "assurance.tls",
    "assurance.tls_report",
    "assurance.accessibility",
    "assurance.viewports",
    "assurance.old_browsers",
)


def deployment() -> Deployment:
    """This installation, as engines see it."""
    configuration, data = settings.GARANT, settings.DATA
    authority = data / "tls" / "ca.pem"
    return Deployment(
        base=configuration.base,
        https=configuration.https,
        http=configuration.http,
        data=data,
        authority=authority if authority.exists() and not configuration.certificate else None,
        tls_profile=configuration.tls_profile,
        application=configuration.application.name,
    )


@cache
def registry() -> Promises:
    """Promise key to its measures. Raises ConfigurationError when two areas claim one key."""
    return merged(deployment(), [_keepers(name) for name in AREAS])


def merged(place: Deployment, areas: Sequence[Callable[[Deployment], Promises]]) -> Promises:
    """The table of these areas."""
    found: dict[str, Sequence[Keeper | Unmeasured]] = {}
    for keepers in areas:
        for key, measures in keepers(place).items():
            if key in found:
                raise ConfigurationError(f"two areas promise {key}; one of them must rename its promise")
            found[key] = measures
    for key in PLANNED:
        found.setdefault(key, [Unmeasured("all", Text("Mesure", "Measure"), Text("Rien ne la mesure encore.", "Nothing measures it yet."))])
    return found


def _keepers(module: str) -> Callable[[Deployment], Promises]:
    if find_spec(module) is None:
        return lambda _: {}
    made: Callable[[Deployment], Promises] = getattr(import_module(module), "keepers", lambda _: {})
    return made
