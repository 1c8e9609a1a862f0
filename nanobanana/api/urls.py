"""Addresses of the contracts."""

from nanobanana.api import (
    auth,
    callbacks,
    developer,
    editor,
    files,
    gemini,
    health,
    keys,
    openai,
    product,
    schema,
    studio,
    webhooks,
)

urlpatterns = [
    *health.urlpatterns,
    *auth.urlpatterns,
    *keys.urlpatterns,
    *webhooks.urlpatterns,
    *openai.urlpatterns,
    *gemini.urlpatterns,
    *developer.urlpatterns,
    *product.urlpatterns,
    *editor.urlpatterns,
    *studio.urlpatterns,
    *files.urlpatterns,
    *callbacks.urlpatterns,
    *schema.urlpatterns,
]
