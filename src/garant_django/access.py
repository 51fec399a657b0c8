"""`@role_required("author", "admin")`: the person has one of these roles, or the view is not entered.

Nobody: 401. Somebody without the role: `PermissionDenied`, which Django answers 403 with the application's own page.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from garant.sdk.assertion import require_role
from garant.sdk.errors import AssertionMissing, RoleMissing
from garant.sdk.gate import Passage
from garant_django.middleware import refusal

View = TypeVar("View", bound=Callable[..., Any])


def role_required(*roles: str) -> Callable[[View], View]:
    """Decorates a view, synchronous or asynchronous. Raises ValueError when no role is named."""
    if not roles:
        raise ValueError("role_required needs at least one role")

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def later(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                return _refused(request, roles) or await view(request, *args, **kwargs)

            return cast("View", later)

        @wraps(view)
        def now(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return _refused(request, roles) or view(request, *args, **kwargs)

        return cast("View", now)

    return decorate


def _refused(request: HttpRequest, roles: tuple[str, ...]) -> HttpResponse | None:
    passage: Passage | None = getattr(request, "garant", None)
    try:
        require_role(passage.identity if passage else None, *roles)
    except AssertionMissing:
        return refusal()
    except RoleMissing as error:
        raise PermissionDenied(str(error)) from error
    return None
