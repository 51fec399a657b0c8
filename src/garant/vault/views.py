"""The keyring of applications, over HTTP/1.1 and JSON: any language speaks it (docs/sdk.md).

    POST /v1/keys    {"tenant", "class": "default", "key": id, optional}      a key in clear, good while its epoch is confirmed
    GET  /v1/epoch/<tenant>                                                   {"epoch", "state"}
    POST /v1/seal    {"tenant", "class", "values": [{"table", "column", "row", "value": base64}]}
    POST /v1/unseal  {"tenant", "values": [...]}                              all of the values, or none
    POST /v1/index   {"tenant", "column": "table.column", "values": [text], "domain": number, optional}

Every request carries `Authorization: Bearer TOKEN`; the token's digest alone is known here. Errors are `{"error", "detail"}`:
400 bad_request, 401 unauthorised, 403 suspended or not_for_applications, 404 unknown, 413 too_large, 422 not_sealed_here, 503 unavailable.
Tenants are resolved and their transaction opened by what the composition root hands in: the vault knows no tenants.
"""

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from garant.kernel.clock import Clock
from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk.encoding import plain, read_object
from garant.vault import service as vault

MOST_VALUES = 1_000
LONGEST_NAME = 200
"""Characters of a table, a column or a row's key."""
Answer = dict[str, object]
Verb = Callable[[uuid.UUID, Mapping[str, Any], datetime], Answer]


class Keyring:
    """The views. `digest`: gives the SHA-256 of the token. `transaction_of`: slug to the open transaction of that tenant (LookupError)."""

    def __init__(
        self, *, digest: Callable[[], bytes], transaction_of: Callable[[str], AbstractContextManager[uuid.UUID]], clock: Clock
    ) -> None:
        self._digest, self._transaction_of, self._clock = digest, transaction_of, clock

    def epoch(self, request: HttpRequest, tenant: str) -> HttpResponse:
        """The tenant's present epoch: what a lease is confirmed with."""
        return self._answer(request, "GET", lambda: self._with(tenant, {}, _epoch))

    def keys(self, request: HttpRequest) -> HttpResponse:
        """A key in clear."""
        return self._posted(request, _key)

    def seal(self, request: HttpRequest) -> HttpResponse:
        """Values sealed here, for a language that has no client."""
        return self._posted(request, _seal)

    def unseal(self, request: HttpRequest) -> HttpResponse:
        """Values opened here."""
        return self._posted(request, _unseal)

    def index(self, request: HttpRequest) -> HttpResponse:
        """Blind indexes."""
        return self._posted(request, _index)

    def health(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - the signature of a view
        """200 while the database answers; needs no token."""
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        return HttpResponse("ok\n", content_type="text/plain")

    def _posted(self, request: HttpRequest, verb: Verb) -> HttpResponse:
        def act() -> Answer:
            asked = read_object(request.body)
            return self._with(plain(asked.get("tenant"), longest=63), asked, verb)

        return self._answer(request, "POST", act)

    def _with(self, tenant: str, asked: Mapping[str, Any], verb: Verb) -> Answer:
        with self._transaction_of(tenant) as id_:
            return verb(id_, asked, self._clock.now())

    def _answer(self, request: HttpRequest, method: str, act: Callable[[], Answer]) -> HttpResponse:
        """The one place where errors become answers; nothing of a request's content is repeated in them."""
        if not self._authorised(request):
            return _error(401, "unauthorised", "send Authorization: Bearer and the content of the application's keyring secret")
        if request.method != method:
            return _error(405, "bad_request", f"use {method}")
        try:
            return _json(act())
        except (vault.KeySuspended, vault.BroughtBack) as error:
            return _error(403, "suspended", str(error))
        except vault.NotForApplications as error:
            return _error(403, "not_for_applications", str(error))
        except LookupError:
            return _error(404, "unknown", "no organisation has this short name")
        except vault.UnknownKey as error:
            return _error(404, "unknown", str(error))
        except vault.SealError as error:
            return _error(422, "not_sealed_here", str(error))
        except RequestDataTooBig:
            return _error(413, "too_large", f"send {MOST_VALUES} values and 4 MiB at most in one request")
        except ConfigurationError as error:
            return _error(503, "unavailable", str(error))
        except (InputError, ValueError) as error:
            return _error(400, "bad_request", str(error))
        except DatabaseError:
            return _error(503, "unavailable", "the database does not answer: nothing is opened without its word")

    def _authorised(self, request: HttpRequest) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = hashlib.sha256(token.strip().encode(errors="surrogatepass")).digest()
        return hmac.compare_digest(given, self._digest()) and scheme.lower() == "bearer"


def _epoch(tenant: uuid.UUID, asked: Mapping[str, Any], at: datetime) -> Answer:  # noqa: ARG001 - the signature of a verb
    epoch, state = vault.confirmed_epoch(tenant=tenant)
    return {"tenant": str(tenant), "epoch": epoch, "state": state}


def _key(tenant: uuid.UUID, asked: Mapping[str, Any], at: datetime) -> Answer:
    wanted = asked.get("key")
    key_id = uuid.UUID(plain(wanted, longest=36)) if wanted is not None else None
    given = vault.lease_to_application(tenant=tenant, at=at, data_class=_class(asked), key_id=key_id)
    return {
        "tenant": str(tenant),
        "region": given.region,
        "key": str(given.key_id),
        "class": given.data_class,
        "material": _text(given.material),
        "kcv": given.kcv.hex(),
        "state": given.state,
        "epoch": given.epoch,
        "messages": given.messages,
    }


def _seal(tenant: uuid.UUID, asked: Mapping[str, Any], at: datetime) -> Answer:
    return {"values": [_text(each) for each in vault.seal_values(tenant=tenant, values=_values(asked), at=at, data_class=_class(asked))]}


def _unseal(tenant: uuid.UUID, asked: Mapping[str, Any], at: datetime) -> Answer:
    return {"values": [_text(each) for each in vault.unseal_values(tenant=tenant, values=_values(asked), at=at)]}


def _index(tenant: uuid.UUID, asked: Mapping[str, Any], at: datetime) -> Answer:
    values, domain = asked.get("values"), asked.get("domain")
    if not isinstance(values, list) or not 0 < len(values) <= MOST_VALUES or not all(isinstance(each, str) for each in values):
        raise InputError(f'"values" is a list of 1 to {MOST_VALUES} texts')
    if domain is not None and (not isinstance(domain, int) or isinstance(domain, bool)):
        raise InputError('"domain" is the number of different values that there may be')
    column = plain(asked.get("column"), longest=2 * LONGEST_NAME)
    try:
        made = vault.index_values(tenant=tenant, column=column, values=values, at=at, domain=domain)
    except ConfigurationError as error:  # of the caller's own: a column that must not have an index
        raise InputError(str(error)) from error
    return {"values": [_text(each) for each in made]}


def _class(asked: Mapping[str, Any]) -> str:
    return plain(asked.get("class", vault.DEFAULT_CLASS), longest=60)


def _values(asked: Mapping[str, Any]) -> Sequence[vault.Sealable]:
    values = asked.get("values")
    if not isinstance(values, list) or not 0 < len(values) <= MOST_VALUES:
        raise InputError(f'"values" is a list of 1 to {MOST_VALUES} objects with table, column, row and value')
    made = []
    for number, each in enumerate(values):
        if not isinstance(each, dict):
            raise InputError(f"value {number} is not an object with table, column, row and value")
        try:
            table, column, row = (plain(each.get(name), longest=LONGEST_NAME) for name in ("table", "column", "row"))
            made.append(vault.Sealable(table, column, row, base64.b64decode(str(each.get("value")), validate=True)))
        except (ValueError, binascii.Error) as error:
            raise InputError(f"value {number}: table, column and row are texts, value is base64 ({error})") from error
    return made


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _json(content: Answer) -> HttpResponse:
    return HttpResponse(json.dumps(content), content_type="application/json", headers={"Cache-Control": "no-store"})


def _error(status: int, word: str, detail: str) -> HttpResponse:
    return JsonResponse({"error": word, "detail": detail}, status=status, headers={"Cache-Control": "no-store"})
