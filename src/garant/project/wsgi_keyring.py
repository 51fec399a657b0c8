"""The keyring of applications, as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "garant.project.settings.keyring"
application = get_wsgi_application()
