"""Contract E: OpenAI's images API under `/v1/images`, so that its clients work with our keys."""

from django.urls import path

from nanobanana.api.openai import images

urlpatterns = [
    path("v1/images/generations", images.Generations.as_view(), name="openai-generations"),
    path("v1/images/edits", images.Edits.as_view(), name="openai-edits"),
    path("v1/images/variations", images.Variations.as_view(), name="openai-variations"),
]
