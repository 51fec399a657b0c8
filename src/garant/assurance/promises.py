"""What assurance examines: TLS as served, its public report, screens, accessibility, old browsers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from garant.assurance.engines.axe import Axe
from garant.assurance.engines.hosts import Hosts, served_hosts
from garant.assurance.engines.oldies import Reading, Rendering
from garant.assurance.engines.report import PublicReport
from garant.assurance.engines.screens import Pages, Screens
from garant.assurance.engines.tls import TlsAsServed
from garant.assurance.policy import judges
from garant.assurance.queries import tls_report
from garant.assurance.service import publish_tls_report
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import Text
from garant.kernel.visitor import Visitors

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def keepers(
    deployment: Deployment, *, visitors: Visitors, hosts: Hosts = served_hosts, pages: Pages | None = None
) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys of this area with their measures. `visitors`: how a browser comes to the pages behind sign-in; `pages`: the
    others that it looks at; default, those open to anyone."""
    clear = f"http://{deployment.base}{'' if deployment.http == 80 else f':{deployment.http}'}/"
    return {
        "assurance.tls": [Keeper(_tls_measure(clear), TlsAsServed(deployment, hosts), judges.tls)],
        "assurance.tls_report": [
            Keeper(REPORT, PublicReport(deployment, publish_tls_report, tls_report, hosts), judges.report),
        ],
        "assurance.viewports": [Keeper(SCREENS, Screens(deployment, visitors, hosts, pages), judges.screens)],
        "assurance.accessibility": [Keeper(AXE, Axe(deployment, visitors, hosts, pages), judges.accessibility), THIRD_PARTY_AUDIT],
        "assurance.old_browsers": [
            Keeper(READING, Reading(deployment, hosts, pages), judges.old_reading),
            Keeper(RENDERING, Rendering(deployment, hosts, pages), judges.old_rendering),
            REAL_BROWSER,
        ],
    }


def _tls_measure(clear: str) -> Measure:
    return Measure(
        key="tls.as_served",
        name=Text("TLS vu de l’extérieur, hôte par hôte", "TLS seen from outside, host by host"),
        method=Method.TEST,
        cadence=HOUR,
        grace=timedelta(minutes=30),
        freshness=DAY,
        vantage="edge",
        check=Check(
            f"curl -sI {clear}; openssl s_client -connect {{host}} -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null; "
            "openssl s_client -connect {host} </dev/null | openssl x509 -noout -dates -ext subjectAltName",
            Text(
                "une redirection 308 vers https; un refus de TLS 1.1 (alerte); un certificat en cours de validité au nom de l’hôte",
                "a 308 redirection to https; a refusal of TLS 1.1 (alert); a certificate in date and in the host’s name",
            ),
        ),
    )


REPORT = Measure(
    key="tls.report",
    name=Text("Rapport TLS public, relu et vérifié", "Public TLS report, read back and verified"),
    method=Method.TEST,
    cadence=6 * HOUR,
    grace=HOUR,
    freshness=DAY,
    vantage="edge",
    check=Check(
        "curl -s https://{host}/.well-known/garant/tls.json",
        Text(
            "le rapport et sa signature Ed25519, que vérifie la clé publiée dans keys.json",
            "the report and its Ed25519 signature, which the key published in keys.json verifies",
        ),
    ),
)
SCREENS = Measure(
    key="screens",
    name=Text(
        "Pages publiques et pages d’une personne connectée, dans Chromium, à trois largeurs",
        "Public pages and pages of a signed-in person, in Chromium, at three widths",
    ),
    method=Method.TEST,
    cadence=DAY,
    grace=6 * HOUR,
    freshness=3 * DAY,
    canary=True,
    vantage="browser",
    check=Check(
        "chromium --window-size=320,900 https://{host}/",
        Text("aucun défilement horizontal, les mêmes liens qu’en large", "no horizontal scrolling, the same links as when wide"),
    ),
)
AXE = Measure(
    key="axe",
    name=Text(
        "Règles vérifiables par un programme (axe), pages publiques et pages d’une personne connectée",
        "Rules that a program can check (axe), public pages and pages of a signed-in person",
    ),
    method=Method.TEST,
    cadence=DAY,
    grace=6 * HOUR,
    freshness=3 * DAY,
    canary=True,
    vantage="browser",
    check=Check("npx @axe-core/cli https://{host}/fr/", Text("0 violation", "0 violations found")),
)
THIRD_PARTY_AUDIT = Unmeasured(
    key="third_party_audit",
    name=Text("Audit manuel par un tiers", "Manual audit by a third party"),
    why=Text(
        "Un programme ne voit qu’une partie des WCAG; aucun tiers n’a encore audité les pages, ni publiques ni derrière la connexion.",
        "A program sees only a part of WCAG; no third party has audited the pages yet, neither public nor behind sign-in.",
    ),
)
READING = Measure(
    key="old_browser.reading",
    name=Text("Connexion, feuille de style et page lues à la main", "Connection, style sheet and page read by hand"),
    method=Method.EXAMINE,
    cadence=DAY,
    grace=6 * HOUR,
    freshness=3 * DAY,
    canary=True,
    vantage="edge",
    check=Check(
        "openssl s_client -connect {host} -tls1_2 -cipher ECDHE+AES:!AESGCM </dev/null | grep Cipher",
        Text(
            "la suite obtenue, ou un refus : c’est ce que rencontre Safari 7",
            "the suite agreed on, or a refusal: what Safari 7 meets",
        ),
    ),
    stand_in=Text(
        "Les propositions TLS et la syntaxe connues de ce navigateur, sans le navigateur",
        "The TLS offers and the syntax known of this browser, without the browser",
    ),
)
RENDERING = Measure(
    key="old_browser.rendering",
    name=Text("Pages affichées par un moteur de la même génération", "Pages shown by an engine of the same generation"),
    method=Method.TEST,
    cadence=DAY,
    grace=6 * HOUR,
    freshness=3 * DAY,
    vantage="browser",
    stand_in=Text(
        "WebKit 538 (PhantomJS 2.1.1, 2016) pour Chrome 40, Firefox 35 et Safari 7; Chromium pour Edge",
        "WebKit 538 (PhantomJS 2.1.1, 2016) for Chrome 40, Firefox 35 and Safari 7; Chromium for Edge",
    ),
)
REAL_BROWSER = Unmeasured(
    key="real_browser",
    name=Text("Le navigateur lui-même", "The browser itself"),
    why=Text(
        "Ce navigateur ne peut pas tourner sur cette machine; ce qui le remplace est nommé et ne suffit pas à tenir la phrase.",
        "This browser cannot run on this machine; what stands in for it is named and is not enough to keep the sentence.",
    ),
)
