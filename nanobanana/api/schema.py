"""The API's description (OpenAPI 3.1)."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny


class Schema(SpectacularAPIView):
    """`GET /api/schema`, open to everybody."""

    permission_classes = (AllowAny,)
    authentication_classes = ()


urlpatterns = [path("api/schema", Schema.as_view(), name="schema")]
