"""Settings of the keyring process: the same deployment, five addresses on a Unix socket, no session, no template."""

from garant.project.settings import *  # noqa: F403
from garant.project.settings import DATABASES

ROOT_URLCONF = "garant.project.urls_keyring"
WSGI_APPLICATION = "garant.project.wsgi_keyring.application"
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]  # the library refuses to load without it
TEMPLATES = []
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# An application waits less than a second for a confirmation: past that the answer is of no use.
DATABASES["default"]["OPTIONS"]["options"] = "-c statement_timeout=1500ms -c idle_in_transaction_session_timeout=5s"  # type: ignore[index]
