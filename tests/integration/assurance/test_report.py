"""The public TLS report as the worker keeps it: made, signed, logged, renewed when it must be; never changed (INT-52)."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import ProgrammingError, transaction

from garant.assurance.engines.report import PublicReport, public_key
from garant.assurance.models import TlsReport
from garant.assurance.queries import tls_report
from garant.assurance.service import publish_tls_report
from garant.audit.queries import entries
from garant.kernel.canonical import canonical
from garant.kernel.clock import ManualClock, SystemClock
from garant.kernel.deployment import Deployment
from garant.kernel.errors import EngineError
from garant.kernel.promise import Promise
from support.door import BASE, HOSTS, door

PROMISE = Promise("assurance.tls_report")


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A door whose data directory holds the run's signing key; its clock moves by hand."""
    (tmp_path / "assertion").symlink_to(settings.DATA / "assertion")
    with door(tmp_path) as found:
        yield Deployment(**{**vars(found), "clock": ManualClock(SystemClock().now())})


def report_of(deployment: Deployment, read: Any = tls_report) -> PublicReport:
    return PublicReport(deployment, publish_tls_report, read, lambda: HOSTS)


def test_a_stranger_verifies_the_report_with_the_published_key_alone(as_worker: str, deployment: Deployment) -> None:
    assert report_of(deployment).apply(PROMISE) == []
    published = tls_report()
    assert published is not None
    jwk = json.loads((settings.DATA / "assertion" / "public.json").read_text())["keys"][0]
    assert published["key"] == jwk["kid"]
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "=="))
    key.verify(base64.urlsafe_b64decode(published["signature"] + "=="), b"garant/tls-report/1\n" + canonical(published["report"]))
    assert published["report"]["host"] == BASE
    assert published["report"]["versions"]["TLS 1.1"] == []
    assert "saint-elan" not in json.dumps(published)
    assert [entry.kind for entry in entries(tenant=None)] == ["system:tls_report:made"]


def test_a_report_is_renewed_when_old_or_untrue_and_not_otherwise(as_worker: str, deployment: Deployment) -> None:
    engine = report_of(deployment)
    engine.apply(PROMISE)
    engine.apply(PROMISE)
    assert TlsReport.objects.count() == 1
    assert isinstance(deployment.clock, ManualClock)
    deployment.clock.advance(timedelta(hours=13))
    engine.apply(PROMISE)
    assert TlsReport.objects.count() == 2
    report_of(Deployment(**{**vars(deployment), "tls_profile": "legacy"})).apply(PROMISE)
    assert TlsReport.objects.count() == 3


def test_a_report_altered_after_it_was_signed_is_told_and_replaced(as_worker: str, deployment: Deployment) -> None:
    report_of(deployment).apply(PROMISE)

    def altered() -> Mapping[str, Any]:
        found = tls_report()
        assert found is not None
        return {**found, "report": {**found["report"], "profile": "modern"}}

    assert "altered after it was signed" in report_of(deployment, altered).apply(PROMISE)[0]
    assert TlsReport.objects.count() == 2


def test_no_process_changes_a_report(as_worker: str, deployment: Deployment) -> None:
    report_of(deployment).apply(PROMISE)
    for change in (lambda: TlsReport.objects.update(document="{}"), lambda: TlsReport.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_the_web_process_reads_it_and_makes_none(deployment: Deployment) -> None:
    assert tls_report() is None
    with pytest.raises(ProgrammingError, match="row-level security"):
        report_of(deployment).apply(PROMISE)


def test_a_report_that_is_not_served_is_seen_and_a_missing_key_is_named(deployment: Deployment, tmp_path: Path) -> None:
    seen = PublicReport(deployment, publish_tls_report, lambda: None, lambda: HOSTS).observe(PROMISE)
    assert seen.facts["status"] == 404
    with pytest.raises(EngineError, match=r"public\.json"):
        public_key(tmp_path / "nowhere")
