"""Makes the public TLS report, and reads it back as a stranger would (INT-52)."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from garant.assurance.engines.hosts import Hosts, probe, served_hosts
from garant.assurance.engines.tls import accepted, certificate_facts
from garant.assurance.policy import report as rules
from garant.drivers import tls_probe
from garant.kernel.canonical import Json, moment
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Observation, Promise

PATH = "/.well-known/garant/tls.json"
RENEWED_AFTER = timedelta(hours=12)

Publish = Callable[..., None]
Read = Callable[[], Mapping[str, Any] | None]


class PublicReport:
    """`apply` keeps a fresh report published; `observe` fetches it through the door, checks its signature and asks the server again."""

    def __init__(self, deployment: Deployment, publish: Publish, read: Read, hosts: Hosts = served_hosts) -> None:
        self._deployment, self._publish, self._read, self._hosts = deployment, publish, read, hosts
        self._keys = deployment.data / "assertion"

    def apply(self, promise: Promise) -> Sequence[str]:  # noqa: ARG002 - the protocol's name
        """A new report when there is none, when it is old, when the server changed, or when somebody altered it: that is drift."""
        published, now = self._read(), self._deployment.clock.now()
        drift = []
        if published is not None and not self._signed(published):
            drift.append("rapport TLS modifié après sa signature / TLS report altered after it was signed")
        if published is None or drift or self._outdated(published["report"], now):
            self._publish(report=self._survey(now), keys=self._keys, at=now, actor="system:prober")
        return drift

    def observe(self, promise: Promise) -> Observation:  # noqa: ARG002 - the protocol's name
        answer = probe(self._deployment).ask(self._deployment.base, PATH)
        now = self._deployment.clock.now()
        facts: dict[str, Json] = {"status": answer.status, "signed": False, "age_seconds": -1, "differences": []}
        if answer.status == 200:
            try:
                published = json.loads(answer.body)
                made = datetime.fromisoformat(published["report"]["made_at"])
            except (ValueError, LookupError, TypeError):
                return Observation(1, 1, facts)
            facts["signed"] = self._signed(published)
            facts["age_seconds"] = int((now - made).total_seconds())
            facts["differences"] = list(rules.differences(published["report"], self._survey(now)))
        return Observation(1, 1, facts)

    def _outdated(self, report: Mapping[str, Json], now: datetime) -> bool:
        made = datetime.fromisoformat(str(report.get("made_at")))
        return now - made > RENEWED_AFTER or bool(rules.differences(report, self._survey(now)))

    def _survey(self, now: datetime) -> Mapping[str, Json]:
        place, host = self._deployment, self._deployment.base
        seen = tls_probe.served(place.connect, place.https, host=host, authority=place.authority)
        answer = probe(place).ask(host, "/")
        local = host.endswith("localhost")
        return {
            "format": rules.FORMAT,
            "made_at": moment(now),
            "host": host,
            "hosts_in_scope": len(self._hosts()),
            "profile": place.tls_profile,
            "versions": accepted(place, host),
            "certificate": certificate_facts(seen.chain[0]),
            "trusted": seen.untrusted == "",
            "hsts": answer.header("strict-transport-security"),
            "check_yourself": f"openssl s_client -connect {host}:{place.https} -servername {host} </dev/null",
            "external_grader": "" if local else f"https://www.ssllabs.com/ssltest/analyze.html?d={host}",
        }

    def _signed(self, published: Mapping[str, Any]) -> bool:
        return rules.is_signed(public_key(self._keys), published.get("report", {}), str(published.get("signature", "")))


def public_key(keys: Path) -> Ed25519PublicKey:
    """The deployment's public key, read from its directory. Raises EngineError."""
    try:
        coded = json.loads((keys / "public.json").read_text(encoding="utf-8"))["keys"][0]["x"]
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EngineError(f"{keys}/public.json cannot be read: {error}") from error
