"""Every address of the product, gathered from the apps and the contracts."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("nanobanana.api.urls")),
    path("", include("generator.urls")),
    path("", include("gallery.urls")),
    path("", include("billing.urls")),
    path("", include("accounts.urls")),
    path("", include("nanobanana.pages_urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
