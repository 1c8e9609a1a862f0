"""How contract D's bodies become drafts: its names, its two spellings, the video models' rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.owner import Owner
from generator import catalogue
from generator.catalogue import Draft, ModelUnavailable, PriceAboveMax
from generator.dimensions import VIDEO_RATIOS
from generator.images import BadImage, TooLarge
from generator.models import Model
from generator.models.querysets import read_id
from generator.validation import Invalid, is_absent
from nanobanana.api import inputs
from nanobanana.api.incoming import require_room
from nanobanana.api.wording import order

MOST_PICTURES, MOST_INPUTS = 4, 5
DURATIONS = {"5s": 5, "10s": 10, 5: 5, 10: 10}
_SAME = (
    "prompt", "model", "style", "size", "resolution", "negative_prompt", "guidance", "steps",
    "seed", "quality", "background", "watermark", "n", "public", "max_credits",
)  # fmt: skip
_SAME_OF_VIDEO = ("prompt", "style", "quality", "negative_prompt", "seed", "public", "max_credits")
_CODES = {"input_image": "invalid_image", "input_images": "invalid_images"}


class _Complaints:
    """What this contract finds wrong, field by field, beside what the catalogue finds."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}

    def add(self, name: str, message: str) -> None:
        self.fields.setdefault(name, []).append(message)

    @property
    def error(self) -> Invalid | None:
        """All of them as one refusal; None where there are none."""
        first = next(iter(self.fields), None)
        return Invalid(self.fields, _CODES.get(first, "invalid_parameter")) if first else None


def edit(owner: Owner, fields: Mapping[str, Any]) -> Draft:
    """An order of `POST /image-to-image`. Raises as `wording.order` does."""
    wrong = _Complaints()
    given = fields.get("input_image")
    images = [given] if isinstance(given, str) and given.strip() else []
    if not images:
        wrong.add("input_image", inputs.WANTED)
    return _picture(owner, fields, images, "input_image", wrong)


def picture(owner: Owner, fields: Mapping[str, Any]) -> Draft:
    """An order of `POST /generate`, of either kind of client. Raises as `wording.order` does."""
    wrong = _Complaints()
    return _picture(owner, fields, _images(fields, wrong), "input_images", wrong)


def video(owner: Owner, fields: Mapping[str, Any]) -> Draft:
    """An order of `POST /generate-video`. Raises as `wording.order` does."""
    wrong = _Complaints()
    named = fields.get("model")
    model = catalogue.find(catalogue.DEFAULT_VIDEO_MODEL if is_absent(named) else named)
    data = {name: fields.get(name) for name in _SAME_OF_VIDEO} | {"model": model.slug}
    if model.kind != "video":
        wrong.add("model", f"{model.slug} makes images: POST /api/nano-banana/generate.")
    data["duration"] = _duration(fields.get("duration"), wrong)
    data["audio"] = _audio(fields.get("audio"), model, wrong)
    ratio, spelling = _ratio(fields)
    data["aspect_ratio"] = _video_ratio(ratio, spelling, wrong)
    images = _images(fields, wrong)
    return _judged(owner, data, images, {"images": "input_images", "aspect_ratio": spelling}, wrong)


def is_job(fields: Mapping[str, Any]) -> bool:
    """Whether a body of `POST /generate` is of the kind that polls a job instead of waiting."""
    names = ("model", "input_images", "aspect_ratio", "resolution")
    return any(not is_absent(fields.get(name)) for name in names)


def _picture(
    owner: Owner, fields: Mapping[str, Any], images: list[str], name: str, wrong: _Complaints
) -> Draft:
    data = {one: fields.get(one) for one in _SAME}
    ratio, spelling = _ratio(fields)
    data["aspect_ratio"] = ratio
    if is_absent(data["model"]):
        data["model"] = catalogue.DEFAULT_MODEL
    if catalogue.find(data["model"]).kind != "image":
        wrong.add("model", "This model makes videos: POST /api/nano-banana/generate-video.")
    n = data["n"]
    if type(n) is int and n > MOST_PICTURES:
        wrong.add("n", f"Must be from 1 to {MOST_PICTURES}.")
        data["n"] = None
    return _judged(owner, data, images, {"images": name, "aspect_ratio": spelling}, wrong)


def _judged(
    owner: Owner,
    data: Mapping[str, Any],
    images: list[str],
    names: Mapping[str, str],
    wrong: _Complaints,
) -> Draft:
    """The draft; whatever is wrong with the body is said before that nobody serves the model."""
    try:
        require_room(catalogue.find(data["model"]), len(images), names["images"])
    except Invalid as error:
        wrong.add(names["images"], error.detail)
        images = []
    try:
        return order(data, names, owner=owner, images=images, also=wrong.error)
    except (ModelUnavailable, PriceAboveMax):
        if wrong.error is not None:
            raise wrong.error from None
        raise
    except TooLarge:
        raise
    except BadImage as error:
        raise Invalid({names["images"]: [error.message]}, "invalid_image") from error


def _ratio(fields: Mapping[str, Any]) -> tuple[Any, str]:
    """The aspect ratio and how this client spells it."""
    if is_absent(fields.get("aspect_ratio")):
        return fields.get("aspectRatio"), "aspectRatio"
    return fields["aspect_ratio"], "aspect_ratio"


def _images(fields: Mapping[str, Any], wrong: _Complaints) -> list[str]:
    """What each input image is named by: its id, or its address where it has none."""
    value = fields.get("input_images")
    if is_absent(value):
        return []
    if not isinstance(value, list):
        wrong.add("input_images", "Must be a list of images.")
    elif len(value) > MOST_INPUTS:
        wrong.add("input_images", f"At most {MOST_INPUTS} images are taken.")
    else:
        found = [_name_of(one) for one in value]
        if None not in found:
            return [one for one in found if one]
        wrong.add("input_images", 'Each must be {"type": "media_input", "id": …} or have a "url".')
    return []


def _name_of(image: Any) -> str | None:
    """Of an image only the id is trusted; an address counts where there is no id."""
    if not isinstance(image, Mapping):
        return None
    named = image.get("id")
    if not is_absent(named):
        pk = read_id(named) if isinstance(named, str) else None
        return str(pk) if pk else None
    url = image.get("url")
    return url if isinstance(url, str) and url.strip() else None


def _duration(value: Any, wrong: _Complaints) -> int | None:
    """Seconds of `5s` or `10s`."""
    if is_absent(value):
        return None
    if isinstance(value, (str, int)) and type(value) is not bool and value in DURATIONS:
        return DURATIONS[value]
    wrong.add("duration", "Must be 5s or 10s.")
    return None


def _audio(value: Any, model: Model, wrong: _Complaints) -> bool | None:
    """Sound, which one model makes: asking another one for it is an error, not a warning."""
    if is_absent(value):
        return None
    if value is not True:
        wrong.add("audio", "Must be true or false.")
    elif "audio" not in model.parameters:
        wrong.add("audio", f"{model.slug} makes no sound; kling-2.6 does.")
    else:
        return True
    return None


def _video_ratio(value: Any, spelling: str, wrong: _Complaints) -> str | None:
    """A shape of videos; the catalogue warns where the model cannot honour it."""
    if is_absent(value):
        return None
    if isinstance(value, str) and value in VIDEO_RATIOS:
        return value
    wrong.add(spelling, f"Must be one of {', '.join(VIDEO_RATIOS)}.")
    return None
