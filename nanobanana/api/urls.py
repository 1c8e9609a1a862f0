"""Addresses of the contracts."""

from nanobanana.api import developer, files, health, schema

urlpatterns = [
    *health.urlpatterns,
    *developer.urlpatterns,
    *files.urlpatterns,
    *schema.urlpatterns,
]
