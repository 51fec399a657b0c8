"""What an object store says of a bucket, in the S3 protocol, asked with a signature (AWS Signature Version 4) and nothing but HTTP."""

import hashlib
import hmac
import http.client
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from urllib.parse import SplitResult, quote, urlsplit

from garant.kernel.errors import EngineError
from garant.kernel.text import Text

EMPTY = hashlib.sha256(b"").hexdigest()
DEFAULT = "us-east-1"
"""What an empty answer means (the protocol's oldest region)."""


@dataclass(frozen=True)
class Credentials:
    """`access` names who asks, `secret` signs."""

    access: str
    secret: str = field(repr=False)


def bucket_location(endpoint: str, bucket: str, credentials: Credentials, *, region: str, now: datetime, timeout: float = 10.0) -> str:
    """The region in which the store says that this bucket is. Raises EngineError with what it said instead."""
    parts = urlsplit(endpoint)
    path = f"{parts.path.rstrip('/')}/{quote(bucket, safe='')}"
    what = Text(f"où est le dépôt {bucket}", f"where the bucket {bucket} is")
    body = _get(parts, path, "location=", credentials, region, now, timeout, what)
    found = re.search(r"<LocationConstraint[^>]*>([^<]*)</LocationConstraint>", body)
    return (found[1] if found else "") or DEFAULT


@dataclass(frozen=True)
class Inside:
    """What a reader with rights sees: one object's name (empty: there is none), and to whom the access list grants rights."""

    key: str
    granted: tuple[str, ...]


STRANGERS = ("http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers")


def look_inside(where: str, credentials: Credentials, *, now: datetime, region: str = DEFAULT, timeout: float = 10.0) -> Inside:
    """One object of the bucket at `https://host/bucket`, and the strangers that its access list names. Raises EngineError."""
    parts = urlsplit(where)
    bucket = parts.path.strip("/")
    what = Text(f"ce que contient le dépôt {bucket}", f"what the bucket {bucket} holds")
    listed = _get(parts, parts.path, "list-type=2&max-keys=1", credentials, region, now, timeout, what)
    rights = _get(parts, parts.path, "acl=", credentials, region, now, timeout, what)
    key = re.search(r"<Key>([^<]*)</Key>", listed)
    return Inside(unescape(key[1]) if key else "", tuple(each.rpartition("/")[2] for each in STRANGERS if f"<URI>{each}</URI>" in rights))


def _get(
    parts: SplitResult, path: str, query: str, credentials: Credentials, region: str, now: datetime, timeout: float, what: Text
) -> str:
    """The body of a signed question. Raises EngineError with what the store said instead."""
    host = parts.netloc.rpartition("@")[2]
    headers = _signed(host, path, query, credentials, region, now)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(host, timeout=timeout)
        connection.request("GET", f"{path}?{query}", headers=headers)
        answer = connection.getresponse()
        body = answer.read(65_536).decode("utf-8", errors="replace")
        connection.close()
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        raise EngineError(Text(f"{host} ne répond pas ({error}).", f"{host} does not answer: {error}")) from error
    if answer.status != 200:
        code = re.search(r"<Code>([^<]{1,100})</Code>", body)
        why = code[1] if code else f"HTTP {answer.status}"
        raise EngineError(Text(f"{host} ne dit pas {what.fr} ({why}).", f"{host} does not say {what.en}: {why}"))
    return body


def _signed(host: str, path: str, query: str, credentials: Credentials, region: str, now: datetime) -> dict[str, str]:
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "x-amz-content-sha256": EMPTY, "x-amz-date": moment}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"GET\n{path}\n{query}\n{lines}\n{names}\n{EMPTY}"
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret}".encode()
    for part in (moment[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    authorization = f"AWS4-HMAC-SHA256 Credential={credentials.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": authorization}
