"""What the facts say: each fault turns its own aspect, in both languages, and nothing else."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from garant.assurance.policy import judges
from garant.kernel.promise import Canary, Evidence, Finding, Promise
from garant.kernel.text import NBSP

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOST = "client 1a2b3c4d"
GOOD_LINK = {"subject": "CN=x", "key": "secp256r1", "bits": 256, "not_after": (NOW + timedelta(days=80)).isoformat()}
STRONG = {
    "aspect": "strength",
    "profile": "intermediate",
    "hosts": {
        HOST: {
            "untrusted": "",
            "version": "TLSv1.3",
            "suite": "TLS_AES_256_GCM_SHA384",
            "chain": [GOOD_LINK],
            "accepted": {
                "TLS 1.0": [],
                "TLS 1.1": [],
                "TLS 1.2": ["ECDHE-ECDSA-AES128-GCM-SHA256"],
                "TLS 1.3": ["TLS_AES_128_GCM_SHA256"],
            },
        }
    },
}
CONNECTIONS = {
    "ports": {"0.0.0.0:8443": "tls", "0.0.0.0:8080": "redirect"},
    "ports_of_unknown_programs": {},
    "redirects": {HOST: {"GET /": {"status": 308, "to_https": True, "cookie": False}}},
    "hosts": {
        HOST: {"status": 200, "hsts": "max-age=31536000; includeSubDomains", "version": "TLSv1.3", "suite": "TLS_AES_256_GCM_SHA384"}
    },
}
REPORT = {"status": 200, "signed": True, "age_seconds": 60, "differences": []}


def evidence(facts: dict[str, Any]) -> Evidence:
    return Evidence("e", "p", "m", NOW, NOW, NOW + timedelta(days=1), 1, 1, facts, Canary.NONE, (), None, "0" * 64, 1)


def changed(facts: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of the facts with one value replaced; the path is written with `>`."""
    made = copy.deepcopy(facts)
    at: Any = made
    *parents, last = path.replace("HOST", HOST).split(">")
    for key in parents:
        at = at[int(key) if isinstance(at, list) else key]
    at[last] = value
    return made


def tls(aspect: str, facts: dict[str, Any], **parameters: int) -> Finding:
    return judges.tls(Promise("assurance.tls", {"aspect": aspect, **parameters}), evidence(facts))


@pytest.mark.parametrize("aspect", ["strength", "certificate"])
def test_good_certificates_and_suites_hold(aspect: str) -> None:
    assert tls(aspect, STRONG).holds is True


@pytest.mark.parametrize(
    ("path", "value", "strength", "certificate"),
    [
        ("hosts>HOST>accepted>TLS 1.1", ["AES128-SHA"], False, True),
        ("hosts>HOST>accepted>TLS 1.2", ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-SHA"], False, True),
        ("hosts>HOST>accepted>TLS 1.2", ["ECDHE-ECDSA-AES128-SHA256"], False, True),
        ("hosts>HOST>accepted", {}, False, True),
        ("hosts>HOST>chain", [{**GOOD_LINK, "key": "RSA", "bits": 1024}], False, True),
        ("hosts>HOST>untrusted", "certificate has expired", False, False),
        ("hosts>HOST>chain", [{**GOOD_LINK, "not_after": (NOW + timedelta(days=20)).isoformat()}], False, False),
    ],
    ids=["tls 1.1", "sha-1", "cbc", "nothing accepted", "1024 bits", "expired", "20 days left"],
)
def test_one_fault_turns_its_aspect(path: str, value: object, strength: bool, certificate: bool) -> None:
    facts = changed(STRONG, path, value)
    assert tls("strength", facts).holds is strength
    assert tls("certificate", facts).holds is certificate


def test_the_claim_says_how_many_days_and_bits() -> None:
    facts = changed(STRONG, "hosts>HOST>chain", [{**GOOD_LINK, "not_after": (NOW + timedelta(days=30)).isoformat()}])
    assert tls("certificate", facts).holds is True
    assert tls("certificate", facts, expiry_days=45).holds is False
    assert tls("strength", STRONG, minimum_bits=4096).holds is False


@pytest.mark.parametrize(
    ("days", "fr", "en"), [(-3, "0 jour et", "0 days and"), (1, "1 jour et", "1 day and"), (2, "2 jours et", "2 days and")]
)
def test_the_days_of_a_certificate_agree_with_their_number(days: int, fr: str, en: str) -> None:
    facts = changed(STRONG, "hosts>HOST>chain", [{**GOOD_LINK, "not_after": (NOW + timedelta(days=days)).isoformat()}])
    reason = tls("certificate", facts).reason
    assert fr in reason.fr.replace(NBSP, " ")
    assert en in reason.en


@pytest.mark.parametrize(("hosts", "fr", "en"), [(1, "", ""), (2, "(et 1 autre)", "(and 1 more)"), (3, "(et 2 autres)", "(and 2 more)")])
def test_further_faults_agree_with_their_number(hosts: int, fr: str, en: str) -> None:
    facts = changed(STRONG, "hosts>HOST>untrusted", "certificate has expired")
    facts["hosts"] = {f"client {number:08}": facts["hosts"][HOST] for number in range(hosts)}
    reason = tls("certificate", facts).reason
    assert fr in reason.fr
    assert en in reason.en
    assert ("autre" in reason.fr) is (hosts > 1)


def test_under_the_legacy_profile_the_sentence_names_the_promise_that_it_conflicts_with() -> None:
    facts = changed(changed(STRONG, "profile", "legacy"), "hosts>HOST>accepted>TLS 1.2", ["ECDHE-RSA-AES128-SHA256"])
    finding = tls("strength", facts)
    assert finding.holds is False
    assert "EHQ-76" in finding.reason.fr
    assert "EHQ-76" in finding.reason.en


@pytest.mark.parametrize("aspect", ["every_connection", "remote_systems"])
def test_without_a_port_in_clear_connections_hold_whatever_other_programs_do(aspect: str) -> None:
    assert tls(aspect, CONNECTIONS).holds is True


@pytest.mark.parametrize(
    ("path", "value", "every", "remote"),
    [
        ("ports>0.0.0.0:9000", "clear", False, False),
        ("ports>0.0.0.0:9000", "mute", False, False),
        ("redirects>HOST>GET /", {"status": 200, "to_https": False, "cookie": False}, False, False),
        ("redirects>HOST>GET /", {"status": 302, "to_https": True, "cookie": False}, False, False),
        ("redirects>HOST>GET /", {"status": 308, "to_https": False, "cookie": False}, False, False),
        ("redirects>HOST>GET /", {"status": 308, "to_https": True, "cookie": True}, False, False),
        ("hosts>HOST>hsts", "", False, True),
        ("hosts>HOST>hsts", "max-age=300", False, True),
        ("hosts>HOST>suite", "AES128-SHA", True, False),
    ],
)
def test_what_is_in_clear_or_weak_turns_the_connections(path: str, value: object, every: bool, remote: bool) -> None:
    facts = changed(CONNECTIONS, path, value)
    assert tls("every_connection", facts).holds is every
    assert tls("remote_systems", facts).holds is remote


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"status": 404}, False),
        ({"signed": False}, False),
        ({"age_seconds": 27 * 3600}, False),
        ({"age_seconds": -5}, False),
        ({"differences": ["certificate"]}, False),
    ],
)
def test_the_report_holds_when_served_signed_recent_and_true(change: dict[str, Any], holds: bool) -> None:
    assert judges.report(Promise("assurance.tls_report"), evidence({**REPORT, **change})).holds is holds


def test_a_port_in_clear_of_an_unknown_program_allows_no_conclusion() -> None:
    facts = changed(CONNECTIONS, "ports_of_unknown_programs", {"0.0.0.0:111": "clear"})
    assert tls("every_connection", facts).holds is None
    assert tls("every_connection", changed(CONNECTIONS, "ports_of_unknown_programs", {"0.0.0.0:22": "ssh"})).holds is True


SCREENS = {"pages": ["/fr/", "/en/"], "inside": 1, "widths": [320, 768], "sticking_out": {}, "missing": {}, "without_features": []}


@pytest.mark.parametrize(
    ("change", "layout", "features"),
    [
        ({}, True, True),
        ({"sticking_out": {"/fr/ @ 320": ["table"]}}, False, True),
        ({"missing": {"/fr/": ["320: link /aide/"]}}, True, False),
        ({"without_features": ["/fr/"]}, True, False),
    ],
)
def test_layout_and_features_are_two_sentences(change: dict[str, Any], layout: bool, features: bool) -> None:
    run = evidence({**SCREENS, **change})
    assert judges.screens(Promise("assurance.viewports", {"aspect": "layout"}), run).holds is layout
    assert judges.screens(Promise("assurance.viewports", {"aspect": "features"}), run).holds is features


@pytest.mark.parametrize("inside", [{"inside": 0}, {}])
def test_sound_pages_are_no_answer_while_nobody_saw_those_behind_sign_in(inside: dict[str, Any]) -> None:
    unseen: dict[str, Any] = {name: value for name, value in SCREENS.items() if name != "inside"} | inside
    for aspect in ("layout", "features"):
        promise = Promise("assurance.viewports", {"aspect": aspect})
        finding = judges.screens(promise, evidence(unseen))
        assert finding.holds is None
        assert "derrière la connexion" in finding.reason.fr
        faulty = {**unseen, "sticking_out": {"/fr/ @ 320": ["table"]}, "missing": {"/fr/": ["320: link /aide/"]}}
        assert judges.screens(promise, evidence(faulty)).holds is False
    axe = {"axe": "4.10.2", "pages": ["/fr/"], "violations": {}, **inside}
    assert judges.accessibility(Promise("assurance.accessibility"), evidence(axe)).holds is None


def test_a_rule_of_axe_that_is_broken_is_named() -> None:
    facts: dict[str, Any] = {"axe": "4.10.2", "pages": ["/fr/"], "inside": 1, "violations": {}}
    assert judges.accessibility(Promise("assurance.accessibility"), evidence(facts)).holds is True
    facts["violations"] = {"/fr/ @ 320": [{"id": "image-alt", "nodes": 1, "target": "img"}]}
    finding = judges.accessibility(Promise("assurance.accessibility"), evidence(facts))
    assert finding.holds is False
    assert "image-alt" in finding.reason.fr


def test_a_browser_that_cannot_connect_is_told_by_its_name_and_the_profile() -> None:
    safari = Promise("assurance.old_browsers", {"browser": "safari", "version": 7})
    facts = {"profile": "intermediate", "greetings": {HOST: ""}, "pages": ["/fr/"], "faults": {}}
    finding = judges.old_reading(safari, evidence(facts))
    assert finding.holds is False
    assert "Safari 7" in finding.reason.fr
    assert "intermediate" in finding.reason.en
    assert judges.old_reading(safari, evidence({**facts, "greetings": {HOST: "ECDHE-RSA-AES128-SHA256"}})).holds is True
    assert judges.old_reading(safari, evidence({**facts, "greetings": {HOST: "x"}, "faults": {"/fr/": ["property gap"]}})).holds is False
    assert judges.old_rendering(safari, evidence({"pages": ["/fr/"], "faults": {}})).holds is True
    assert judges.old_rendering(safari, evidence({"pages": ["/fr/"], "faults": {"/fr/": ["almost empty"]}})).holds is False
    assert judges.browser_name(Promise("x", {"browser": "edge"})) == "Microsoft Edge"
