"""Django as plain WSGI, for any WSGI server; waiting requests then block their thread."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanobanana.settings")

application = get_wsgi_application()
