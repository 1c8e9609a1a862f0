"""Puts the apps together; imported by none of them."""

from nanobanana.celery import app as celery_app

__all__ = ["celery_app"]
