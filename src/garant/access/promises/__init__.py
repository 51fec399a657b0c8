"""Promises of the access area: which measures bear on each key, how often, and what a stranger can run to see for themselves."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from garant.access.engines.address_probe import LTE_BYTES_A_SECOND, AddressProbe
from garant.access.engines.login_probe import ConsoleProbe, LoginProbe, RolesProbe
from garant.access.engines.network_probe import NetworkProbe
from garant.access.engines.probes import Site
from garant.access.engines.records import FactorDefault, FactorUrged, OwnSettings, UniqueRecords
from garant.access.engines.session_probe import SessionProbe
from garant.access.policy import judges
from garant.access.promises.acts import TenantActs, edges_behind, try_each_setting
from garant.access.service.address_repair import keep_witness, repair_rules
from garant.access.service.canaries import awake
from garant.identity.queries import TenantFacts
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Check, Keeper, Measure, Method, Unmeasured
from garant.kernel.text import NBSP, Text

HOUR = timedelta(hours=1)

NETWORK = Measure(
    key="access.network_probe",
    name=Text("Essai de la porte depuis des adresses qui ne sont pas permises", "Trial of the door from addresses that are not allowed"),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=2, minutes=30),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -s -o /dev/null -w '%{http_code}\\n' https://{tenant}/.garant/fr/login/",
        Text("403, depuis une adresse qui n’est pas dans la liste du client", "403, from an address that is not in the customer’s list"),
        outside=True,
    ),
)
ADDRESS = Measure(
    key="access.address_drill",
    name=Text("Exercice d’ouverture et de fermeture d’une adresse", "Drill of opening and closing an address"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -s -o /dev/null -w '%{http_code}\\n' https://{tenant}/.garant/fr/address/",
        Text(
            f"200{NBSP}: la page de demande répond de partout, si le client l’a voulu",
            "200: the page of requests answers from anywhere, if the customer so chose",
        ),
        outside=True,
    ),
)
LOGIN = Measure(
    key="access.login_crawl",
    name=Text("Parcours de l’application sans session", "Crawl of the application without a session"),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=2, minutes=30),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' https://{tenant}/",
        Text("302 vers la page de connexion, depuis une adresse permise", "302 to the sign-in page, from an allowed address"),
    ),
)
COOKIE = Measure(
    key="access.cookie_probe",
    name=Text("Examen des témoins d’une connexion d’essai", "Examination of the cookies of a trial sign-in"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -s -D - -o /dev/null https://{tenant}/.garant/fr/login/ | grep -i '^set-cookie'",
        Text(
            f"un seul témoin, __Host-sid{NBSP}: 43 caractères au hasard, Secure, HttpOnly, SameSite, sans date de fin",
            "one cookie, __Host-sid: 43 random characters, Secure, HttpOnly, SameSite, without an end date",
        ),
    ),
)
ROLES = Measure(
    key="access.roles_probe",
    name=Text("Visites d’essai sans rôle et avec un rôle insuffisant", "Trial visits without a role and with too small a role"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    canary=True,
    vantage="edge",
    check=Check(
        "curl -s -o /dev/null -w '%{http_code}\\n' -b __Host-sid=… https://{tenant}/.garant/fr/console/",
        Text("403, avec la session d’un membre qui n’administre pas", "403, with the session of a member who does not administer"),
    ),
)
CONSOLE = Measure(
    key="access.console_probe",
    name=Text("Visite d’essai de la console de chaque client", "Trial visit of each customer’s console"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    vantage="edge",
)
UNIQUE = Measure(
    key="access.unique_records",
    name=Text("Unicité des comptes dans la base, essayée", "Uniqueness of accounts in the database, tried"),
    method=Method.TEST,
    cadence=HOUR,
    grace=timedelta(minutes=15),
    freshness=timedelta(hours=13),
    canary=True,
    vantage="database",
)
DEFAULT = Measure(
    key="access.factor_default",
    name=Text("Second facteur d’un nouveau client", "Second factor of a new customer"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    canary=True,
    vantage="edge",
    check=Check(
        "oathtool --totp -b 'KEY'",
        Text(
            "avec la clé écrite sous le dessin que montre la première connexion, le code que cette page accepte "
            "(RFC 6238, 6 chiffres, 30 secondes), celui de Microsoft Authenticator",
            "with the key that stands under the drawing of a first sign-in, the code that this page accepts "
            "(RFC 6238, 6 digits, 30 seconds), that of Microsoft Authenticator",
        ),
    ),
)
URGED = Measure(
    key="access.factor_urged",
    name=Text("Incitation au second facteur et part de ceux qui l’ont", "Urging of a second factor, and the share of those who have one"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    vantage="edge",
    check=Check(
        "curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' https://{tenant}/.garant/fr/login/enrol/",
        Text(
            "302 vers la page de connexion\N{NO-BREAK SPACE}: cette étape vient après le mot de passe, pour qui n’a pas de second facteur",
            "302 to the sign-in page: this step comes after the password, for whoever has no second factor",
        ),
    ),
)
SETTINGS = Measure(
    key="access.own_settings",
    name=Text("Réglages d’accès de chaque client, essayés puis annulés", "Access settings of each customer, tried and undone"),
    method=Method.TEST,
    cadence=timedelta(hours=6),
    grace=HOUR,
    freshness=timedelta(hours=13),
    vantage="database",
)
NO_SSO = Unmeasured(
    "access.sso_settings",
    Text("Réglages de l’authentification unique", "Settings of single sign-on"),
    Text("L’authentification unique n’est pas encore offerte.", "Single sign-on is not offered yet."),
)
NO_RETENTION = Unmeasured(
    "access.retention_settings",
    Text("Réglages de la durée de conservation", "Settings of retention"),
    Text("La durée de conservation ne se règle pas encore par client.", "Retention cannot be set by each customer yet."),
)


def keepers(deployment: Deployment, *, running: Callable[[], Sequence[str]] | None = None) -> Mapping[str, Sequence[Keeper | Unmeasured]]:
    """Promise keys of this area with their measures. `running`: compares the running edges with their policy, in
    words; by default, the versions that edges acknowledge and the lists that the edge of this machine holds."""
    site = Site(deployment)
    behind = partial(edges_behind, deployment.clock, deployment.data / "run")
    slow = Site(deployment, pace=LTE_BYTES_A_SECOND, seconds=30)
    return {
        "access.network": [
            Keeper(NETWORK, NetworkProbe(site, repair=repair_rules, witness=keep_witness, running=running or behind), judges.network)
        ],
        "access.address_request": [Keeper(ADDRESS, AddressProbe(site, slow, awake, TenantActs()), judges.address_request)],
        "access.login": [Keeper(LOGIN, LoginProbe(site), judges.login)],
        "access.factor_urged": [Keeper(URGED, FactorUrged(site, awake), judges.factor_urged)],
        "access.factor_default": [Keeper(DEFAULT, FactorDefault(site, awake), judges.factor_default)],
        "access.unique_credentials": [Keeper(UNIQUE, UniqueRecords(site), judges.unique_credentials)],
        "access.session_cookie": [Keeper(COOKIE, SessionProbe(site, awake), judges.session_cookie)],
        "access.roles": [Keeper(ROLES, RolesProbe(site, awake), judges.roles)],
        "access.self_administration": [Keeper(CONSOLE, ConsoleProbe(site, awake), judges.self_administration)],
        "access.tenant_settings": [Keeper(SETTINGS, OwnSettings(_each_setting(deployment)), judges.tenant_settings), NO_SSO, NO_RETENTION],
    }


def _each_setting(deployment: Deployment) -> Callable[[TenantFacts], Mapping[str, bool]]:
    def tried(tenant: TenantFacts) -> Mapping[str, bool]:
        return try_each_setting(tenant, deployment.clock)

    return tried
