"""The landing page and the error pages."""

from django.http import HttpRequest, HttpResponse


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or old."""
    return HttpResponse("This form was open for too long. Go back, reload the page and send it again.", status=403)
