"""Contract D's jobs: one generation, as those who poll it see it."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Scope
from generator.models import Generation
from nanobanana.api.base import ApiView
from nanobanana.api.editor import replies
from nanobanana.api.editor.serializers import FINISHED, JobReply


class Job(ApiView):
    """One job of the caller's."""

    permission_classes = (Scope("read"),)

    @extend_schema(operation_id="editor_job", responses=JobReply, examples=[FINISHED])
    def get(self, request: Request, job_id: str) -> Response:
        """Its state, and its results once it is completed; 404 for anybody else's as for none."""
        generation = Generation.objects.of(self.owner()).with_outputs().find(job_id)
        if generation is None:
            raise Http404
        response = Response(replies.job(generation))
        if not generation.is_ended:
            response["Retry-After"] = "2"
        return response
