"""Contract F: Gemini's API under `/v1beta`, and what its SDK calls under `/v1`."""

from django.urls import path, re_path

from nanobanana.api.gemini import generate, models

urlpatterns = [
    re_path(
        r"^(?:v1beta|v1)/models/(?P<model_id>[^/:]+):(?P<verb>generateContent|streamGenerateContent)$",
        generate.GenerateContent.as_view(),
        name="gemini-generate-content",
    ),
    path("v1beta/models", models.Models.as_view(), name="gemini-models"),
    path("v1beta/models/<str:model_id>", models.Model.as_view(), name="gemini-model"),
]
