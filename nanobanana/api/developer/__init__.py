"""Contract A: the developer API under `/v1`."""

from nanobanana.api.developer.urls import urlpatterns

__all__ = ["urlpatterns"]
