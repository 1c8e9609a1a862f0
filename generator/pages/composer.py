"""The create form's one state: what was typed, and the controls that the models offer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from generator import catalogue, dimensions, shelf
from generator.catalogue import Offer
from generator.models import Generation, Model, Output, Upload
from generator.validation import Invalid

MAX_REFERENCES = 5
COUNTS = ("1", "2", "3", "4")
STILL = ("aspect_ratio", "size", "resolution", "quality", "background")
"""Controls of an image model that are choices."""
MOVING = {"video_aspect_ratio": "aspect_ratio", "video_quality": "quality", "duration": "duration"}
"""Fields of the video form, with the parameter each one is."""
NUMBERS = {"seed": int, "steps": int, "guidance": float}
FIELDS = (
    "mode", "prompt", "model", "video_model", *STILL, *MOVING, "audio", "n", "style",
    "negative_prompt", *NUMBERS, "watermark", "public",
)  # fmt: skip
LABELS = {
    "1k": "1K", "2k": "2K", "4k": "4K", "low": "Low", "medium": "Medium", "high": "High",
    "auto": "Auto", "opaque": "Opaque", "transparent": "Transparent", "5": "5 s", "10": "10 s",
}  # fmt: skip


@dataclass
class Composer:
    """The form as it stands: texts and errors by field, reference images, its one-time key."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def mode(self) -> str:
        """text, image or video."""
        mode = self.values.get("mode", "text")
        return mode if mode in {"text", "image", "video"} else "text"

    @property
    def opens_advanced(self) -> bool:
        """Whether something under "Advanced" is set or wrong, and so must be seen."""
        names = ("negative_prompt", "watermark", "public", *NUMBERS)
        return any(self.values.get(name) or self.errors.get(name) for name in names)

    @property
    def references(self) -> int:
        """How many reference images the form holds."""
        return len(self.uploads) + len(self.outputs)


@dataclass(frozen=True)
class Choice:
    """A model in the picker: what it costs and takes, and whether it can be had now."""

    model: Model
    available: bool
    reason: str
    credits: int
    wait: int
    takes: str
    price: str
    defaults: str
    checked: bool
    edits: bool


@dataclass(frozen=True)
class Control:
    """A choice of one parameter: its values with their words, and which one is set."""

    name: str
    values: list[tuple[str, str, bool]]


def typed(data: Mapping[str, Any]) -> dict[str, str]:
    """The form's fields out of a query or a posted form; anything else in it is ignored."""
    return {name: str(data[name])[:20_000] for name in FIELDS if data.get(name)}


def from_generation(generation: Generation) -> dict[str, str]:
    """The form's fields that would make this generation again."""
    moving = generation.mode.endswith("-video")
    values = {
        "prompt": generation.prompt,
        "style": generation.style,
        "n": str(min(generation.n, len(COUNTS))),
        "mode": "video" if moving else "image" if generation.uploads else "text",
        "video_model" if moving else "model": generation.model,
        "watermark": str(generation.parameters.get("watermark") or ""),
    }
    named = {parameter: name for name, parameter in MOVING.items()} if moving else {}
    for name, value in generation.parameters.items():
        if named.get(name, name) in FIELDS and value is not None:
            values[named.get(name, name)] = str(value)
    if not moving and "aspect_ratio" not in generation.parameters:
        values["aspect_ratio"] = _ratio(generation)
    return {name: value for name, value in values.items() if value}


def _ratio(generation: Generation) -> str:
    """The named shape of what was made, or nothing where it has none."""
    share = generation.width / generation.height
    near = {name: abs(w / h - share) for name, (w, h) in dimensions.RATIOS.items()}
    best = min(near, key=lambda name: near[name])
    return best if near[best] < 0.02 else ""


def picks_size(model: Model) -> bool:
    """Whether the form asks for a size in pixels: where the shape does not decide it already."""
    return len(model.parameters.get("aspect_ratio", {}).get("values", ())) < 2


def order(composer: Composer, model: Model) -> dict[str, Any]:
    """The form in the catalogue's words, as far as the model takes it. Raises Invalid."""
    values = composer.values
    moving = model.kind == "video"
    data: dict[str, Any] = {
        "prompt": values.get("prompt", ""),
        "model": model.slug,
        "style": values.get("style") or "natural",
        "watermark": values.get("watermark"),
        "public": bool(values.get("public")),
        "n": 1 if moving else _count(values.get("n") or "1"),
        "audio": bool(values.get("audio")) if moving else None,
        "negative_prompt": values.get("negative_prompt"),
    }
    names = MOVING if moving else {name: name for name in STILL}
    if not moving and not picks_size(model):
        names.pop("size")
    for name, parameter in names.items():
        data[parameter] = _chosen(values.get(name), model, parameter)
    return data | _numbers(values, model)


def _count(text: str) -> int:
    if text not in COUNTS:
        raise Invalid({"n": ["Pick 1 to 4 images."]})
    return int(text)


def _chosen(text: str | None, model: Model, parameter: str) -> Any:
    """The value among those the model has, in the catalogue's type; None for any other."""
    allowed = model.parameters.get(parameter, {}).get("values", ())
    return next((value for value in allowed if str(value) == text), None)


def _numbers(values: Mapping[str, str], model: Model) -> dict[str, Any]:
    """The number fields that the model takes."""
    found: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, kind in NUMBERS.items():
        text = values.get(name, "").strip()
        if not text or name not in model.parameters:
            continue
        try:
            found[name] = kind(text)
        except ValueError:
            words = "Seed must be a whole number." if name == "seed" else "Must be a number."
            errors[name] = [words]
    if errors:
        raise Invalid(errors)
    return found


def context(composer: Composer) -> dict[str, Any]:
    """All that the form's template shows."""
    offers = catalogue.offered()
    stills = _choices([offer for offer in offers if offer.model.kind == "image"], composer, "model")
    moving = _choices(
        [offer for offer in offers if offer.model.kind == "video" and offer.available],
        composer,
        "video_model",
    )
    values = composer.values
    return {
        "form": composer,
        "stills": stills,
        "moving": moving,
        "model": next((one for one in stills if one.checked), None),
        "video_model": next((one for one in moving if one.checked), None),
        "shapes": _control("aspect_ratio", offers, values, "1:1"),
        "controls": [
            _control(name, [offer for offer in offers if offer.available], values, default)
            for name, default in (
                ("resolution", "1k"),
                ("quality", "medium"),
                ("background", "auto"),
            )
        ],
        "sizes": _control("size", [o for o in offers if picks_size(o.model)], values, "1024x1024"),
        "counts": [(count, count, values.get("n", "1") == count) for count in COUNTS],
        "styles": [
            (style.slug, style.title, values.get("style", "natural") == style.slug)
            for style in shelf.styles().values()
            if style.enabled
        ],
        "prompt_limit": settings.PAGE_PROMPT_LIMIT,
        "max_references": MAX_REFERENCES,
    }


def _choices(offers: Iterable[Offer], composer: Composer, name: str) -> list[Choice]:
    """The offers as options; the one typed is checked, else the first that can be had."""
    offers = list(offers)
    usable = [offer.model.slug for offer in offers if offer.available]
    wanted = composer.values.get(name, "")
    checked = wanted if wanted in usable else next(iter(usable), "")
    return [_choice(offer, offer.model.slug == checked) for offer in offers]


def _choice(offer: Offer, checked: bool) -> Choice:
    model = offer.model
    return Choice(
        model=model,
        available=offer.available,
        reason=offer.reason,
        credits=offer.price,
        wait=2 if list(offer.providers) == ["demo"] else model.usual_seconds,
        takes=" ".join(_takes(model)),
        price=json.dumps(model.prices),
        defaults=json.dumps(catalogue.defaults(model)),
        checked=checked,
        edits="image-to-image" in model.modes,
    )


def _takes(model: Model) -> list[str]:
    """The model's controls, and `control=value` for their values: the page shows only these."""
    found = []
    for name, spec in model.parameters.items():
        values = spec.get("values", ()) if isinstance(spec, dict) else ()
        if name == ("aspect_ratio" if picks_size(model) else "size"):
            continue
        found += [name, *(f"{name}={value}" for value in values)]
    return found


def _control(
    name: str, offers: Iterable[Offer], values: Mapping[str, str], default: str
) -> Control:
    """A choice over every value that some image model has."""
    every: dict[str, None] = {}
    for offer in offers:
        if offer.model.kind == "image":
            every |= dict.fromkeys(map(str, offer.model.parameters.get(name, {}).get("values", ())))
    chosen = values.get(name, default)
    return Control(name, [(one, LABELS.get(one, one), one == chosen) for one in every])
