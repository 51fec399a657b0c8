"""Every promise that this build can keep, in one table: one line per area. The only place where areas' promises meet.

Each area's `promises.py` gives the measures of its promise keys for one deployment. A new area is one line here.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from django.conf import settings

from garant.access import promises as access
from garant.access.service.visitors import sources, visitors
from garant.assurance import promises as assurance
from garant.continuity import promises as continuity
from garant.data import promises as data
from garant.kernel.deployment import Deployment
from garant.kernel.errors import ConfigurationError
from garant.kernel.promise import Keeper, Unmeasured
from garant.project.hands import hands

Promises = Mapping[str, Sequence[Keeper | Unmeasured]]


def _assurance(place: Deployment) -> Promises:
    return assurance.keepers(place, visitors=partial(visitors, place))


def _continuity(place: Deployment) -> Promises:
    return continuity.keepers(place, sources=partial(sources, place.clock))


def _data(place: Deployment) -> Promises:
    return data.keepers(place, hands=hands(place))


AREAS: Sequence[Callable[[Deployment], Promises]] = (access.keepers, _assurance, _continuity, _data)
"""Each area's measures. Where one area needs a hand of another, it is given here, as a function: they do not know each other."""


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
    """Promise key to its measures, for this installation."""
    return merged(deployment(), AREAS)


def merged(place: Deployment, areas: Sequence[Callable[[Deployment], Promises]]) -> Promises:
    """The table of these areas. Raises ConfigurationError when two of them claim one key."""
    found: dict[str, Sequence[Keeper | Unmeasured]] = {}
    for keepers in areas:
        for key, measures in keepers(place).items():
            if key in found:
                raise ConfigurationError(f"two areas promise {key}; one of them must rename its promise")
            found[key] = measures
    return found
