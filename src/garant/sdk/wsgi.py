"""A WSGI middleware (PEP 3333): `application = GarantGate(application, gate=Gate(...))`.

It sets `environ["garant.identity"]` (an `Identity`, or None on a public page) and `environ["garant.tenant"]`, and rewrites the
plain identity headers from the assertion. Everything without a valid assertion outside the public paths is answered 401.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from garant.sdk.errors import AssertionRefused
from garant.sdk.gate import REFUSAL, Gate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "HTTP_X_GARANT_"


class GarantGate:
    """The door before a WSGI application."""

    def __init__(self, application: "WSGIApplication", *, gate: Gate) -> None:
        self.application = application
        self.gate = gate

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        headers = [(key[5:], str(value)) for key, value in environ.items() if key.startswith(PREFIX)]
        path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
        try:
            passage = self.gate.admit(host=str(environ.get("HTTP_HOST", "")), path=path, headers=headers)
        except AssertionRefused:
            body = REFUSAL.encode()
            start_response(
                "401 Unauthorized",
                [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")],
            )
            return [body]
        for key in [key for key in environ if key.startswith(PREFIX)]:
            del environ[key]
        for name, value in passage.headers():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ["garant.identity"] = passage.identity
        environ["garant.tenant"] = passage.tenant
        return self.application(environ, start_response)
