"""Verbs of assurance."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from garant.assurance.models import TlsReport
from garant.assurance.policy import report as rules
from garant.audit import service as audit
from garant.audit.service import Kind
from garant.identity.service import tenant_transaction
from garant.kernel.canonical import Json, canonical, digest
from garant.kernel.errors import EngineError


def publish_tls_report(*, report: Mapping[str, Json], keys: Path, at: datetime, actor: str) -> None:
    """Sign a report with the deployment's key (directory `keys`) and make it the published one. In a transaction of its own."""
    try:
        key = load_pem_private_key((keys / "private.pem").read_bytes(), None)
        name = json.loads((keys / "public.json").read_text(encoding="utf-8"))["keys"][0]["kid"]
    except (OSError, ValueError, LookupError) as error:
        raise EngineError(f"the signing key in {keys} cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise EngineError(f"{keys}/private.pem is no Ed25519 key")
    with tenant_transaction(None):
        TlsReport.objects.create(made_at=at, document=canonical(report).decode(), key_id=name, signature=rules.signature(key, report))
        audit.append(Kind.TLS_REPORT_MADE, at=at, actor=actor, payload={"sha256": digest(report), "key": name})
