"""Addresses of the contracts."""

from nanobanana.api import auth, developer, files, health, keys, openai, product, schema

urlpatterns = [
    *health.urlpatterns,
    *auth.urlpatterns,
    *keys.urlpatterns,
    *openai.urlpatterns,
    *developer.urlpatterns,
    *product.urlpatterns,
    *files.urlpatterns,
    *schema.urlpatterns,
]
