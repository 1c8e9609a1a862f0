"""Addresses of the pages of `gallery`."""

from django.urls import path

from gallery import pages

urlpatterns = [
    path("gallery", pages.gallery, name="gallery"),
    path("gallery/publish", pages.publish, name="gallery-publish"),
    path("gallery/<uuid:item_id>", pages.item, name="gallery-item"),
    path("gallery/<uuid:item_id>/edit", pages.edit, name="gallery-edit"),
    path("gallery/<uuid:item_id>/withdraw", pages.withdraw, name="gallery-withdraw"),
    path("gallery/<uuid:item_id>/like", pages.like, name="gallery-like"),
    path("gallery/<uuid:item_id>/report", pages.report, name="gallery-report"),
    path("u/<slug:slug>", pages.author, name="author"),
]
