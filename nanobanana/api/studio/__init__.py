"""Contract C: the web app's API under `/api`."""

from __future__ import annotations

from django.urls import path

from nanobanana.api.studio import content, entrance, gallery, generate, items, pieces, uploads

urlpatterns = [
    path("api/auth/register", entrance.Register.as_view(), name="app-register"),
    path("api/auth/login", entrance.Login.as_view(), name="app-login"),
    path("api/auth/logout", entrance.Logout.as_view(), name="app-logout"),
    path("api/auth/me", entrance.Me.as_view(), name="app-me"),
    path("api/generate", generate.Generate.as_view(), name="app-generate"),
    path("api/generate/<str:generation_id>", generate.Status.as_view(), name="app-generation"),
    path("api/generate/<str:generation_id>/events", generate.Events.as_view(), name="app-events"),
    path("api/history", generate.History.as_view(), name="app-history"),
    path("api/upload", uploads.Uploads.as_view(), name="app-upload"),
    path("api/files/upload", pieces.Create.as_view(), name="app-tus"),
    path("api/files/upload/<str:upload_id>", pieces.Piece.as_view(), name="app-tus-piece"),
    path("api/files/<str:file_id>", uploads.AppFile.as_view(), name="api-file"),
    path("api/gallery", gallery.Gallery.as_view(), name="app-gallery"),
    path("api/gallery/<str:item_id>", items.One.as_view(), name="app-gallery-item"),
    path("api/gallery/<str:item_id>/like", items.Likes.as_view(), name="app-like"),
    path("api/gallery/<str:item_id>/report", items.Reports.as_view(), name="app-report"),
    path("api/features", content.Features.as_view(), name="app-features"),
    path("api/reviews", content.Reviews.as_view(), name="app-reviews"),
    path("api/faqs", content.Faqs.as_view(), name="app-faqs"),
]
