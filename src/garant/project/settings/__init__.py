"""Django's settings. The environment is read here and nowhere else.

GARANT_DATA     data directory (default ./var): secrets, sockets, runtime state, made by `garant up` or `garant init`
GARANT_CONFIG   path of garant.toml (default <data>/garant.toml)
GARANT_ROLE     which database role this process is: web (default), worker, edge, owner
GARANT_DATABASE_URL   a PostgreSQL of the operator's; default: the embedded one in the data directory
GARANT_APPLICATION_DATABASE   an operator's application's database, as libpq writes it, for measures and the data map; without a
                user: garant_data, with the password in <data>/secrets/database-data
GARANT_HTTPS, GARANT_HTTP   ports that `garant up` was told on its command line; default: those in use, else garant.toml's
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from psycopg import conninfo

from garant.project import configuration, runtime

DATA = Path(os.environ.get("GARANT_DATA", "var")).absolute()
ROLE = os.environ.get("GARANT_ROLE", "web")
RUNTIME = runtime.Runtime(DATA)
GARANT = configuration.load(Path(os.environ.get("GARANT_CONFIG", DATA / "garant.toml"))).with_ports(
    https=int(os.environ.get("GARANT_HTTPS", RUNTIME.state().get("https", 0))),
    http=int(os.environ.get("GARANT_HTTP", RUNTIME.state().get("http", 0))),
)

SECRET_KEY = RUNTIME.secret("django")
DEBUG = False
ALLOWED_HOSTS = [f".{GARANT.base}", "127.0.0.1"]
BASE_HOST = GARANT.base
HTTPS_PORT = GARANT.https

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "garant.audit",
    "garant.vault",
    "garant.identity",
    "garant.data",
    "garant.edge",
    "garant.access",
    "garant.access.password",
    "garant.assurance",
    "garant.continuity",
    "garant.statement",
    "garant.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "garant.web.middleware.Headers",
    "garant.identity.middleware.TenantOfHost",
    "garant.access.middleware.Sessions",
    "garant.web.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "garant.access.middleware.Gate",
]
ROOT_URLCONF = "garant.project.urls"
WSGI_APPLICATION = "garant.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "garant.web.context.page",
            ]
        },
    }
]

_USERS = {"web": "garant_web", "worker": "garant_worker", "edge": "garant_edge", "owner": "garant_owner"}
_URL = os.environ.get("GARANT_DATABASE_URL", "")
_PARTS = urlsplit(_URL)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(_PARTS.path[1:]) or "garant" if _URL else RUNTIME.database_name(),
        "USER": _USERS[ROLE],
        "PASSWORD": RUNTIME.secret(f"database-{ROLE}"),
        "HOST": _PARTS.hostname if _URL else str(RUNTIME.database_socket()),
        "PORT": str(_PARTS.port or 5432) if _URL else str(RUNTIME.database_port()),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "options": "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
            "connect_timeout": 5,
            **dict(parse_qsl(_PARTS.query)),
            **({"pool": {"min_size": 1, "max_size": 8, "timeout": 5}} if ROLE != "owner" else {}),
        },
    }
}
# The protected application's database as `garant_data` sees it: keywords of psycopg.connect, for measures and the data map.
# Empty where Garant does not know it: an application of the operator's.
APPLICATION_DATABASE: dict[str, str | int] = (
    {}
    if GARANT.application.upstream
    else {
        "host": str(DATABASES["default"]["HOST"]),
        "port": str(DATABASES["default"]["PORT"]),
        "dbname": "sondage",
        "user": "garant_data",
        "password": RUNTIME.secret("database-data"),
        "connect_timeout": 5,
        **dict(parse_qsl(_PARTS.query)),
    }
)
if "GARANT_APPLICATION_DATABASE" in os.environ:
    _given = conninfo.conninfo_to_dict(os.environ["GARANT_APPLICATION_DATABASE"])
    APPLICATION_DATABASE = {
        "user": "garant_data",
        "password": RUNTIME.secret("database-data"),
        "connect_timeout": 5,
        **{word: value for word, value in _given.items() if value is not None},
    }
# Its data map; None where an application of the operator's has none.
_EXAMPLE_MAP = Path(__file__).resolve().parents[4] / "examples" / "sondage" / "garant-map.yaml"
DATA_MAP: Path | None = (
    (GARANT.path or DATA / "garant.toml").parent / GARANT.application.map
    if GARANT.application.map
    else None
    if GARANT.application.upstream
    else _EXAMPLE_MAP
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        # Beyond it, live counts of tries would be thrown away: whoever types many names would be given new tries for one.
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["garant.access.engines.allauth.TenantBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "name", "email")},
    },
]
LOGIN_URL = "/.garant/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/.garant/login/"
ACCOUNT_ADAPTER = "garant.access.engines.allauth.AccountAdapter"
MFA_ADAPTER = "garant.access.engines.allauth.FactorAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TRUST_ENABLED = False
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Garant"
ALLAUTH_TRUSTED_PROXY_COUNT = 1

SESSION_ENGINE = "garant.access.sessions"
SESSION_COOKIE_NAME = "__Host-sid"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_USE_SESSIONS = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

USE_I18N = True
USE_TZ = True
TIME_ZONE = "America/Toronto"
LANGUAGE_CODE = "fr-ca"
LANGUAGES = [("fr-ca", "Français (Québec)"), ("fr-fr", "Français (France)"), ("en-ca", "English")]
LOCALE_PATHS = [Path(__file__).resolve().parents[2] / "locale"]
FORMAT_MODULE_PATH = ["garant.project.formats"]
STATIC_URL = "/.garant/static/"
STATIC_ROOT = DATA / "static"

PROMISE_REGISTRY = "garant.project.registry.registry"

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None
PROCRASTINATE_IMPORT_PATHS = ["garant.vault.jobs", "garant.statement.jobs", "garant.access.jobs", "garant.edge.jobs"]

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"procrastinate.blueprints": {"level": "WARNING"}, "psycopg.pool": {"level": "ERROR"}},
}
