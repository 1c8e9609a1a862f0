"""The queue: tasks carry ids only, the rows are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanobanana.settings")

app = Celery("nanobanana")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["accounts", "billing", "generator", "gallery", "nanobanana"])
