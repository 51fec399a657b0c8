"""What an object store says of a bucket, in the S3 protocol, asked with a signature (AWS Signature Version 4) and nothing but HTTP."""

import hashlib
import hmac
import http.client
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

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
    host = parts.netloc.rpartition("@")[2]
    path = f"{parts.path.rstrip('/')}/{quote(bucket, safe='')}"
    headers = _signed(host, path, "location=", credentials, region, now)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(host, timeout=timeout)
        connection.request("GET", f"{path}?location=", headers=headers)
        answer = connection.getresponse()
        body = answer.read(65_536).decode("utf-8", errors="replace")
        connection.close()
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        raise EngineError(Text(f"{host} ne répond pas ({error}).", f"{host} does not answer: {error}")) from error
    if answer.status != 200:
        code = re.search(r"<Code>([^<]{1,100})</Code>", body)
        why = code[1] if code else f"HTTP {answer.status}"
        raise EngineError(
            Text(f"{host} ne dit pas où est le dépôt {bucket} ({why}).", f"{host} does not say where the bucket {bucket} is: {why}")
        )
    found = re.search(r"<LocationConstraint[^>]*>([^<]*)</LocationConstraint>", body)
    return (found[1] if found else "") or DEFAULT


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
