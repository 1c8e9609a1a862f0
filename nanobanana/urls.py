"""Every address of the product, gathered from the apps and the contracts."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from nanobanana import leaving, webhook_pages

# Staff sign in by the protected page, with its limits. (mypy: Django's own method is replaced.)
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
handler400 = "nanobanana.pages.bad_request"
handler403 = "nanobanana.pages.forbidden"
handler404 = "nanobanana.pages.not_found"
handler429 = "accounts.throttle.too_many"
handler500 = "nanobanana.pages.broken"

urlpatterns = [
    path("", include("nanobanana.api.urls")),
    path("", include("generator.urls")),
    path("", include("gallery.urls")),
    path("", include("billing.urls")),
    path("", include("accounts.urls")),
    path("settings/account/delete", leaving.page, name="settings-delete"),
    *webhook_pages.urlpatterns,
    path("", include("nanobanana.pages_urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
