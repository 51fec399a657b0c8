"""Reading what assurance publishes."""

import json
from collections.abc import Mapping
from typing import Any

from garant.assurance.models import TlsReport


def tls_report() -> Mapping[str, Any] | None:
    """The newest signed TLS report, ready to be served at /.well-known/garant/tls.json; None before the first one.

    `report`: what was seen; `signature`: of `garant/tls-report/1`, a line feed and the canonical JSON of `report`; `key`: its id.
    """
    row = TlsReport.objects.order_by("-made_at", "-pk").first()
    if row is None:
        return None
    return {"report": json.loads(row.document), "algorithm": "Ed25519", "key": row.key_id, "signature": row.signature}
