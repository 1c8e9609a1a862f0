"""What the groups that speak a vendor's protocol share: exact sizes, waiting, token counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponse

from accounts.owner import Owner
from accounts.permissions import Scope
from generator import catalogue, sizes
from generator.catalogue import Draft
from generator.models import Generation, Model, Upload
from generator.validation import Invalid
from nanobanana.api import waiting, wording
from nanobanana.api.charging import ChargingView
from nanobanana.api.errors import ApiError

IMAGE_TOKENS_IN, IMAGE_TOKENS_OUT, BYTES_A_TOKEN = 258, 1290, 4
"""Gemini's figures for one picture (its pricing page), and the usual rule of thumb for words."""


@dataclass(frozen=True)
class Asked:
    """A request in the catalogue's words. `size` is delivered exactly; None lets the model choose.

    `extras` are parameters that the catalogue does not judge, already checked. With `masked` the
    last picture is the first one's mask. `names` are the contract's own, for complaints.
    """

    model: Model
    body: Mapping[str, Any]
    size: tuple[int, int] | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    masked: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


def model_named(name: Any, vendor: Mapping[re.Pattern[str], str]) -> Model:
    """The model of our id or alias, or the one that a vendor's name stands for.

    404 `model_not_found` for any other name, 400 for what is no name, and for video models.
    """
    if not isinstance(name, str):
        raise ApiError("invalid_parameter", "model must be text.", param="model")
    try:
        model = catalogue.find(name)
    except Invalid as unknown:
        stands_for = next((ours for theirs, ours in vendor.items() if theirs.fullmatch(name)), None)
        if stands_for is None:
            words = f"The model {name[:60]!a} does not exist. GET /v1/models lists the models."
            raise ApiError("model_not_found", words, param="model") from unknown
        model = catalogue.find(stands_for)
    if model.kind != "image":
        raise Invalid({"model": [f"{model.slug} makes videos, which other routes serve."]})
    return model


def draft(owner: Owner, asked: Asked, uploads: Sequence[Upload]) -> Draft:
    """The checked and priced order: the nearest listed size upstream, the exact one delivered.

    With reference images and no size, the first one's shape is kept. Raises as `validate` does.
    """
    extras = dict(asked.extras)
    if asked.masked:
        *uploads, mask = uploads
        extras["mask"] = str(mask.pk)
    body = {**asked.body, "model": asked.model.slug, "images": [str(one.pk) for one in uploads]}
    if asked.size:
        body = {**sizes.nearest(asked.model, *asked.size), **body}
    elif uploads and body.get("aspect_ratio") in (None, ""):
        body["size"] = sizes.like(asked.model, uploads[0].width, uploads[0].height)
    with wording.complaints(asked.names):
        made = catalogue.validate(body, owner=owner)
    width, height = asked.size or (made.width, made.height)
    parameters = {**made.parameters, **extras}
    made = replace(made, width=width, height=height, parameters=parameters)
    return catalogue.with_warnings(made, asked.warnings)


@dataclass(frozen=True)
class Tokens:
    """An estimate for clients that count in tokens; we charge in credits."""

    words: int
    images_in: int
    images_out: int

    @property
    def given(self) -> int:
        """Tokens that came in."""
        return self.words + self.images_in


def tokens(generation: Generation, delivered: int) -> Tokens:
    """What the generation comes to in tokens, of which `delivered` pictures went out."""
    words = -(-len(generation.prompt.encode()) // BYTES_A_TOKEN)
    images_in = IMAGE_TOKENS_IN * len(generation.uploads)
    return Tokens(words, images_in, IMAGE_TOKENS_OUT * delivered)


def warn(response: HttpResponse, generation: Generation) -> HttpResponse:
    """Names in X-Warnings what the model did not take."""
    if generation.warnings:
        text = " ".join(generation.warnings)
        response["X-Warnings"] = text.encode("ascii", "replace").decode()
    return response


class CompatibleView(ChargingView):
    """A route of such a group: signed in, waiting, and 504 at the wait limit, never 202."""

    permission_classes = (Scope("generate"),)

    def running(self, generation: Generation, how: Mapping[str, str]) -> HttpResponse:
        """202 for a client that bounded its wait; else 504, which tells it to ask again."""
        if waiting.is_bounded(self.request):
            return super().running(generation, how)
        raise ApiError(
            "timeout",
            "It is not finished yet and runs on: send the same request again.",
            extra={"generation_id": generation.public_id},
            headers={"x-should-retry": "true"},
        )
