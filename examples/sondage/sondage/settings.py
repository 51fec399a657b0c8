"""Settings, from the environment.

SONDAGE_DATABASE_HOST           directory of PostgreSQL's socket, or a host name (default: the local socket)
SONDAGE_DATABASE_PORT           default 5432
SONDAGE_DATABASE_NAME, _USER    default sondage
SONDAGE_DATABASE_PASSWORD_FILE  a file that holds the password
SONDAGE_DATABASE_PASSWORD       the password itself (of the owner, while tables are changed)
SONDAGE_DATA                    directory of attachments and of the application's own secret
SONDAGE_KEYRING                 socket of Garant's keyring, which gives the keys of sealed columns
SONDAGE_KEYRING_TOKEN_FILE      a file that holds our token there
SONDAGE_CONTEXT_KEY_FILE        a file that holds the key by which the database knows in whose name we speak (default: it is not told)
SONDAGE_KEYS                    public keys of the edge (JWK set)
SONDAGE_APPLICATION             this application's name at the edge (default sondage)
SONDAGE_HOSTS                   host names served, comma-separated; a leading dot covers what is under it
"""

import os
import secrets
from pathlib import Path

from sondage.routes import public_prefixes


def _secret(path: Path) -> str:
    """The secret in `path`, made at first use; two processes that start together agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")


def _password(path: str) -> str:
    return Path(path).read_text(encoding="ascii").strip() if path else ""


DATA = Path(os.environ.get("SONDAGE_DATA", "var/sondage")).absolute()
SECRET_KEY = _secret(DATA / "secret")
DEBUG = False
ALLOWED_HOSTS = os.environ.get("SONDAGE_HOSTS", ".garant.localhost,localhost,127.0.0.1").split(",")

INSTALLED_APPS = ["django.contrib.staticfiles", "sondage.surveys"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sondage.surveys.middleware.Headers",
    "garant_django.middleware.GarantIdentity",
    "sondage.surveys.middleware.Language",
    "sondage.surveys.middleware.UploadSize",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "sondage.urls"
WSGI_APPLICATION = "sondage.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request", "sondage.surveys.context.page"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "garant_django.database",
        "NAME": os.environ.get("SONDAGE_DATABASE_NAME", "sondage"),
        "USER": os.environ.get("SONDAGE_DATABASE_USER", "sondage"),
        "PASSWORD": os.environ.get("SONDAGE_DATABASE_PASSWORD") or _password(os.environ.get("SONDAGE_DATABASE_PASSWORD_FILE", "")),
        "HOST": os.environ.get("SONDAGE_DATABASE_HOST", ""),
        "PORT": os.environ.get("SONDAGE_DATABASE_PORT", "5432"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"options": "-c statement_timeout=30s", "connect_timeout": 5},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Who is asking: the identity that the edge vouches for.
GARANT_KEYS = os.environ.get("SONDAGE_KEYS", str(DATA / "keys.json"))
GARANT_APPLICATION = os.environ.get("SONDAGE_APPLICATION", "sondage")
GARANT_PUBLIC = public_prefixes()
GARANT_USER = "sondage.surveys.people.person_of"

# Keys of the columns that the database cannot read, and in whose name each transaction speaks to it.
GARANT_KEYRING = os.environ.get("SONDAGE_KEYRING", "")
GARANT_KEYRING_TOKEN = os.environ.get("SONDAGE_KEYRING_TOKEN_FILE", "")
GARANT_CONTEXT_KEY = os.environ.get("SONDAGE_CONTEXT_KEY_FILE", "")

# Behind the edge, which speaks HTTPS for us.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CSRF_COOKIE_NAME = "sondage_csrf"
CSRF_COOKIE_SECURE = CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "sondage.surveys.views.errors.forgery"

# Attachments go to disk as they arrive, never to memory.
ATTACHMENTS = DATA / "attachments"
LARGEST_ATTACHMENT = 20 * 1024 * 1024
LARGEST_BODY = LARGEST_ATTACHMENT + 64 * 1024
"""Bytes: an attachment and the few fields of its form."""
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1

USE_I18N = USE_TZ = True
TIME_ZONE = "America/Toronto"
LANGUAGE_CODE = "fr-ca"
LANGUAGES = [("fr-ca", "Français"), ("en-ca", "English")]
LANGUAGE_COOKIE_NAME = "sondage_langue"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}},
}
