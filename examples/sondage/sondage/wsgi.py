"""Entry point of the server: `granian --interface wsgi --uds <socket> sondage.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sondage.settings")
application = get_wsgi_application()
