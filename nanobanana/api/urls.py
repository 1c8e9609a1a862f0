"""Addresses of the contracts."""

from nanobanana.api import auth, developer, files, health, keys, schema

urlpatterns = [
    *health.urlpatterns,
    *auth.urlpatterns,
    *keys.urlpatterns,
    *developer.urlpatterns,
    *files.urlpatterns,
    *schema.urlpatterns,
]
