"""Contract D: the nano-banana API, for editors that wait and for programs that poll jobs."""

from __future__ import annotations

from django.urls import path

from nanobanana.api.editor import generate, jobs, uploads

_BASE = "api/nano-banana"

urlpatterns = [
    path(f"{_BASE}/image-to-image", generate.ImageToImage.as_view(), name="editor-edit"),
    path(f"{_BASE}/generate", generate.Generate.as_view(), name="editor-generate"),
    path(f"{_BASE}/generate-video", generate.GenerateVideo.as_view(), name="editor-video"),
    path(f"{_BASE}/upload/reference", uploads.Reference.as_view(), name="editor-reference"),
    path(f"{_BASE}/upload/batch", uploads.Batch.as_view(), name="editor-batch"),
    path(f"{_BASE}/upload/check", uploads.Check.as_view(), name="editor-check"),
    path(f"{_BASE}/upload/<uuid:pk>", uploads.Put.as_view(), name="editor-put"),
    path(f"{_BASE}/jobs/<str:job_id>", jobs.Job.as_view(), name="editor-job"),
]
