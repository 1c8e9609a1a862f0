"""Contract F: Gemini's API under `/v1beta`, and what its SDK calls under `/v1`."""

from django.urls import path, re_path

from nanobanana.api.gemini import generate, models

_CALL = r"/models/(?P<model_id>[^/:]+):(?P<verb>generateContent|streamGenerateContent)$"

urlpatterns = [
    re_path(rf"^v1beta{_CALL}", generate.GenerateContent.as_view(), name="gemini-generate"),
    re_path(rf"^v1{_CALL}", generate.GenerateContentV1.as_view(), name="gemini-generate-v1"),
    path("v1beta/models", models.Models.as_view(), name="gemini-models"),
    path("v1beta/models/<str:model_id>", models.Model.as_view(), name="gemini-model"),
]
