"""Django's own commands, for developers (makemigrations, makemessages ...). Operators use `kaja`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
execute_from_command_line(sys.argv)
