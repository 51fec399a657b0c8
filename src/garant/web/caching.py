"""Public answers: the same for everyone, kept for a few seconds, and not sent again when unchanged."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, set_response_etag

View = Callable[..., HttpResponse]

SECONDS = 15
"""How long a browser may show a page without asking: verdicts turn within minutes, so this hides nothing."""


def shared(view: View) -> View:
    """`Cache-Control: public`, an ETag over the content, and 304 to who has it already. Errors are never kept."""

    @functools.wraps(view)
    def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 200:
            return response
        response["Cache-Control"] = f"public, max-age={SECONDS}"
        set_response_etag(response)
        return get_conditional_response(request, etag=response["ETag"], response=response) or response

    return seen
