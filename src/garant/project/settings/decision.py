"""Settings of the decision process: the same deployment, two addresses, no session middleware, no template."""

from garant.project.settings import *  # noqa: F403
from garant.project.settings import DATABASES

ROOT_URLCONF = "garant.project.urls_decision"
WSGI_APPLICATION = "garant.project.wsgi_decision.application"
ALLOWED_HOSTS = ["127.0.0.1"]
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]  # the library refuses to load without it
TEMPLATES = []

# The edge waits two seconds: past that the answer is of no use, and a held connection would be.
DATABASES["default"]["OPTIONS"]["options"] = "-c statement_timeout=1500ms -c idle_in_transaction_session_timeout=5s"  # type: ignore[index]
