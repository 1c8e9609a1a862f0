"""What can be made and what it costs: the one validation and price for page and API, from the rows.

`validate` turns a body into a Draft that `engine.submit` accepts; `offered` is what pages and
`/v1/models` show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.owner import Owner
from generator import dimensions, pricing, shelf, upstreams, validation
from generator.models import Model, Route, Upload
from generator.models.querysets import read_id
from generator.validation import Invalid, is_absent

DEFAULT_MODEL = "nano-banana"
DEFAULT_VIDEO_MODEL = "kling-2.5-turbo"
TRIAL_SIZE = "1024x1024"
OPTIONAL = (
    "size", "aspect_ratio", "resolution", "quality", "background", "duration", "audio",
    "negative_prompt", "guidance", "steps", "seed",
)  # fmt: skip
WORDS = {"text-to-image": "text", "image-to-image": "images"}


class ModelUnavailable(Exception):
    """Nothing that is configured can serve this model now."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} is not available right now. Pick another model or try again later."
        )
        self.model = model


class PriceAboveMax(Exception):
    """The price is above what the caller allowed."""

    def __init__(self, price: int, allowed: int) -> None:
        super().__init__(
            f"This costs {price} credits, above max_credits of {allowed}. Nothing was charged."
        )
        self.price = price


@dataclass(frozen=True)
class Draft:
    """A checked and priced order. `price` is credits of the whole, `cost_micros` our cost in micro-
    dollars.
    """

    model: Model
    mode: str
    prompt: str
    width: int
    height: int
    price: int
    cost_micros: int
    style: str = "natural"
    n: int = 1
    seed: int | None = None
    public: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    uploads: Sequence[Upload] = ()


@dataclass(frozen=True)
class Offer:
    """A model as pages and `/v1/models` show it: whether it is on, why not, its price of one, its
    controls.
    """

    model: Model
    available: bool
    reason: str
    price: int
    controls: Mapping[str, Any]
    providers: Sequence[str]


def find(name: Any) -> Model:
    """The model of an id or alias; Invalid with `unknown_model` where there is none."""
    if isinstance(name, str) and len(name) <= 60:
        models = shelf.models()
        found = models.get(name) or next((m for m in models.values() if name in m.aliases), None)
        if found is not None:
            return found
    raise Invalid(
        {"model": ["Unknown model. GET /v1/models lists what there is."]}, "unknown_model"
    )


def offered() -> list[Offer]:
    """Every enabled model in the catalogue's order, with what it takes and costs."""
    offers = []
    for model in filter(lambda model: model.enabled, shelf.models().values()):
        routes = upstreams.routes_of(model)
        offers.append(
            Offer(
                model=model,
                available=bool(routes),
                reason="" if routes else "No provider for it is configured",
                price=pricing.amount(model.prices, defaults(model)),
                controls={
                    name: spec for name, spec in model.parameters.items() if name in OPTIONAL
                },
                providers=[route.provider for route in routes],
            )
        )
    return offers


def defaults(model: Model) -> dict[str, Any]:
    """The parameters a request gets that names none."""
    return {
        name: spec["default"]
        for name, spec in model.parameters.items()
        if name in OPTIONAL and "default" in spec
    }


def validate(data: Mapping[str, Any], *, owner: Owner, prompt_limit: int = 5000) -> Draft:
    """Judge and price a body in the catalogue's words. Raises Invalid, ModelUnavailable,
    PriceAboveMax.
    """
    errors = _Errors()
    words = errors.check("prompt", validation.prompt, data.get("prompt"), prompt_limit)
    model = find(_default_model(data) if is_absent(data.get("model")) else data["model"])
    uploads = errors.check("images", _uploads, data.get("images"), owner, model) or []
    mode = errors.check("mode", _mode, data.get("mode"), model, bool(uploads))
    n = errors.optional("n", data, validation.whole, 1, 10) or 1
    style = errors.optional("style", data, _style) or "natural"
    watermark = errors.optional("watermark", data, validation.text, 64)
    public = errors.optional("public", data, validation.switch) or False
    allowed = errors.optional("max_credits", data, validation.whole, 1, 10**9)
    parameters, warnings = _parameters(data, model, errors)
    errors.raise_first()
    if not upstreams.routes_of(model):
        raise ModelUnavailable(model.slug)
    if watermark:
        parameters["watermark"] = watermark
    width, height = dimensions.pixels(model, parameters)
    if model.kind == "image":
        parameters["size"] = f"{width}x{height}"
    price = 0 if owner.user is None else n * pricing.amount(model.prices, parameters)
    if allowed is not None and price > allowed:
        raise PriceAboveMax(price, allowed)
    return Draft(
        model=model,
        mode=str(mode),
        prompt=str(words),
        style=style,
        n=n,
        width=width,
        height=height,
        seed=parameters.get("seed"),
        public=public,
        parameters=parameters,
        warnings=tuple(warnings),
        uploads=tuple(uploads if mode != "text-to-image" else ()),
        price=price,
        cost_micros=n * unit_cost(upstreams.routes_of(model)[0], parameters),
    )


def unit_cost(route: Route, parameters: Mapping[str, Any]) -> int:
    """What one output costs us by this route, in micro-dollars, where the provider does not say."""
    return pricing.amount(route.costs, parameters) if route.costs else 0


def with_warnings(draft: Draft, warnings: Sequence[str]) -> Draft:
    """The draft with more to say about it."""
    return replace(draft, warnings=(*draft.warnings, *warnings)) if warnings else draft


def quote(draft: Draft) -> dict[str, Any]:
    """The price of a draft with how it comes about; credits, and US dollars as a number."""
    unit = draft.price // draft.n
    return {
        "credits": draft.price,
        "cost_estimate": draft.cost_micros / 1_000_000,
        "breakdown": {
            "model": draft.model.slug,
            "n": draft.n,
            "credits_each": unit,
            "parameters": dict(draft.parameters),
        },
    }


class _Errors:
    """Collects the messages of all bad fields, so that one answer names every one."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}

    def check(self, name: str, checker: Any, *arguments: Any) -> Any:
        """The checker's value, or None with its message noted."""
        try:
            return checker(*arguments)
        except ValueError as error:
            self.fields.setdefault(name, []).append(str(error))
            return None

    def optional(self, name: str, data: Mapping[str, Any], checker: Any, *arguments: Any) -> Any:
        """As `check`, with None for an absent value."""
        value = data.get(name)
        return None if is_absent(value) else self.check(name, checker, value, *arguments)

    def raise_first(self) -> None:
        """Raise Invalid where anything was noted."""
        if self.fields:
            first = next(iter(self.fields))
            code = (
                f"invalid_{first}" if first in {"prompt", "size", "images"} else "invalid_parameter"
            )
            raise Invalid(self.fields, code)


def _default_model(data: Mapping[str, Any]) -> str:
    return DEFAULT_VIDEO_MODEL if str(data.get("mode", "")).endswith("-video") else DEFAULT_MODEL


def _mode(value: Any, model: Model, has_images: bool) -> str:
    """The mode asked for, or the one that fits what was sent."""
    if is_absent(value):
        value = ("image-to-" if has_images else "text-to-") + model.kind
    if value not in model.modes:
        raise ValueError(f"{model.slug} takes {', '.join(model.modes)}.")
    if str(value).startswith("image-") and not has_images:
        raise ValueError("Add at least one reference image.")
    return str(value)


def _style(value: Any) -> str:
    slugs = [style.slug for style in shelf.styles().values() if style.enabled]
    if value not in slugs or not isinstance(value, str):
        raise ValueError(f"Must be one of {', '.join(slugs)}.")
    return value


def _uploads(value: Any, owner: Owner, model: Model) -> list[Upload]:
    """The owner's uploads of these ids, in their order; a foreign id is as unknown as a made-up
    one.
    """
    if is_absent(value) or value == []:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("Must be a list of upload ids.")
    if len(value) > model.max_images:
        raise ValueError(f"{model.slug} takes up to {model.max_images} images.")
    ids = [read_id(one) for one in value]
    rows = Upload.objects.filter(pk__in=[pk for pk in ids if pk], deleted_at=None, **owner.columns)
    found = {row.pk: row for row in rows}
    if None in ids or any(pk not in found for pk in ids):
        raise ValueError("An image is unknown or not yours. Upload it and use the id you get.")
    return [found[pk] for pk in ids if pk]


def _parameters(
    data: Mapping[str, Any], model: Model, errors: _Errors
) -> tuple[dict[str, Any], list[str]]:
    """What the model takes, checked and with defaults; a warning for each that it does not take."""
    taken, warnings = defaults(model), []
    for name in OPTIONAL:
        value = data.get(name)
        if is_absent(value):
            continue
        if name not in model.parameters:
            warnings.append(f"{model.slug} does not take {name}; it was ignored.")
            continue
        taken[name] = errors.check(
            name, validation.by_spec, name, value, model.parameters[name], model.slug
        )
    if not is_absent(data.get("aspect_ratio")) and is_absent(data.get("size")):
        taken.pop("size", None)
    return taken, warnings
