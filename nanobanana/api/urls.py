"""Addresses of the contracts."""

from nanobanana.api import auth, developer, files, health, schema

urlpatterns = [
    *health.urlpatterns,
    *auth.urlpatterns,
    *developer.urlpatterns,
    *files.urlpatterns,
    *schema.urlpatterns,
]
