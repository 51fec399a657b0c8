"""Commands of the survey application: `python manage.py migrate`, `seed`, `test`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sondage.settings")
execute_from_command_line(sys.argv)
