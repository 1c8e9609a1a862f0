"""A posted create form on its way into the engine: files, its key, refusals in plain words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse

from accounts.owner import Owner
from billing.ledger import InsufficientCredits
from generator import catalogue, engine, files, idempotency, images, limits, storage
from generator.catalogue import Draft, ModelUnavailable, PriceAboveMax
from generator.models import Generation, Output, Upload
from generator.models.querysets import read_id
from generator.pages import composer as composing
from generator.pages.composer import MAX_REFERENCES, Composer
from generator.validation import Invalid

KEY_LENGTH = 64
API_PROMPT_LIMIT = 5000


@dataclass(frozen=True)
class Refusal:
    """Why nothing was started, and the one way on. `wait` is seconds, for Retry-After."""

    status: int
    title: str
    text: str
    tone: str = "warn"
    link: str = ""
    link_words: str = ""
    wait: int = 0


def read(request: HttpRequest, owner: Owner) -> Composer:
    """The posted form with its reference images that are kept already, and own results."""
    form = Composer(composing.typed(request.POST))
    form.key = request.POST.get("key", "")[:KEY_LENGTH] or form.key
    form.uploads = own_uploads(owner, request.POST.getlist("images"))
    form.outputs = own_outputs(owner, request.POST.getlist("outputs"))
    return form


def own_uploads(owner: Owner, ids: list[str]) -> list[Upload]:
    """The owner's uploads of these ids, in their order."""
    keys = [key for key in map(read_id, ids[:MAX_REFERENCES]) if key]
    rows = Upload.objects.filter(pk__in=keys, deleted_at=None, **owner.columns) if keys else ()
    found = {row.pk: row for row in rows}
    return [found[key] for key in dict.fromkeys(keys) if key in found]


def own_outputs(owner: Owner, ids: list[str]) -> list[Output]:
    """The owner's delivered pictures of these ids, in their order."""
    keys = [key for key in map(read_id, ids[:MAX_REFERENCES]) if key]
    found = {row.pk: row for row in Output.objects.of(owner).filter(pk__in=keys)} if keys else {}
    return [found[key] for key in dict.fromkeys(keys) if key in found]


def fingerprint(request: HttpRequest) -> str:
    """What makes two posts of one form the same order: every field and every file's bytes."""
    fields = {
        name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"
    }
    digest = hashlib.sha256(json.dumps(["page", fields], sort_keys=True).encode())
    for file in request.FILES.getlist("refs"):
        digest.update(hashlib.sha256(file.read()).digest())
        file.seek(0)
    return digest.hexdigest()


def once(request: HttpRequest, key: str) -> tuple[str, str]:
    """The fingerprint of a posted form and its idempotency key.

    The content is part of the key: a form that is sent, changed and sent again is a new order.
    """
    body = fingerprint(request)
    return body, f"page-{key[:KEY_LENGTH]}-{body[:32]}"


def submit(request: HttpRequest, owner: Owner, form: Composer) -> Generation:
    """Start what the form orders; the same form with the same content starts it once.

    Raises whatever `refusal` has words for.
    """
    body, key = once(request, form.key)
    try:
        idempotency.check(owner, key, body)
        _keep_files(request, owner, form)
        return engine.submit(owner, draft_of(owner, form), key=key, body=body)
    except idempotency.Repeat as repeat:
        return repeat.record.generation


def draft_of(owner: Owner, form: Composer, prompt_limit: int | None = None) -> Draft:
    """The form, checked and priced; `prompt_limit` (characters) is the page's own by default."""
    name = form.values.get("video_model" if form.mode == "video" else "model")
    model = catalogue.find(name or catalogue.DEFAULT_MODEL)
    data = composing.order(form, model)
    if form.mode == "image" or (form.mode == "video" and form.uploads):
        data["images"] = [str(upload.pk) for upload in form.uploads]
    data["mode"] = _mode(form, bool(data.get("images")))
    return catalogue.validate(
        data, owner=owner, prompt_limit=prompt_limit or settings.PAGE_PROMPT_LIMIT
    )


def again(owner: Owner, generation: Generation, *, vary: bool) -> Draft:
    """The same order once more; `vary` leaves its seed out, so that the picture becomes another."""
    form = Composer(composing.from_generation(generation))
    form.uploads = own_uploads(owner, generation.uploads)
    if vary:
        form.values.pop("seed", None)
    return draft_of(owner, form, API_PROMPT_LIMIT)


def _mode(form: Composer, has_images: bool) -> str:
    if form.mode == "video":
        return "image-to-video" if has_images else "text-to-video"
    return "image-to-image" if form.mode == "image" else "text-to-image"


def _keep_files(request: HttpRequest, owner: Owner, form: Composer) -> None:
    """Store new files and copies of own results as uploads. Raises Invalid, by file name."""
    added: list[UploadedFile] = list(request.FILES.getlist("refs"))
    if form.references + len(added) > MAX_REFERENCES:
        raise Invalid({"images": [f"Up to {MAX_REFERENCES} reference images. Remove some."]})
    problems = []
    for file in added:
        try:
            form.uploads.append(storage.save_upload(owner, file.read()))
        except (images.BadImage, images.TooLarge):
            name = str(file.name)[:60]
            problems.append(f"{name} was not added. Use JPEG, PNG or WebP, up to 10 MB.")
    for output in list(form.outputs):
        form.uploads.append(storage.upload_of_output(owner, output))
        form.outputs.remove(output)
    if problems:
        raise Invalid({"images": problems}, "invalid_images")


REFUSALS = (
    Invalid,
    ModelUnavailable,
    PriceAboveMax,
    InsufficientCredits,
    limits.RateLimited,
    limits.TrialUsed,
    files.StoreDown,
    files.NoSuchFile,
)


def refusal(error: Exception, form: Composer) -> Refusal:
    """Any of REFUSALS in plain words; messages by field go to the form."""
    if isinstance(error, Invalid):
        form.errors = _in_page_words(error.fields, form)
        problems = sum(len(words) for words in form.errors.values())
        title = "There is 1 problem" if problems == 1 else f"There are {problems} problems"
        return Refusal(400, title, "", "bad")
    if isinstance(error, InsufficientCredits):
        title = f"You need {error.required:,} credits and have {error.balance:,}"
        text = "Your prompt is kept. Make fewer images, or pick a cheaper model."
        return Refusal(402, title, text, link=reverse("billing"), link_words="See your balance")
    if isinstance(error, limits.RateLimited):
        link = reverse("pricing")
        return Refusal(
            429,
            "Hourly limit reached",
            str(error),
            "info",
            link,
            "See limits by plan",
            error.retry_after,
        )
    if isinstance(error, limits.TrialUsed):
        return Refusal(
            403, "Go on with a free account", str(error), "info", _sign_up(form), "Sign up free"
        )
    if isinstance(error, (ModelUnavailable, PriceAboveMax)):
        return Refusal(409, "Nothing was started", str(error))
    text = "A reference image cannot be read or kept right now. Nothing was charged."
    return Refusal(503, "Nothing was started", text)


def _in_page_words(fields: dict[str, list[str]], form: Composer) -> dict[str, list[str]]:
    """The catalogue speaks to programs; a person who left the prompt empty is told plainly."""
    blank = "prompt" in fields and not form.values.get("prompt", "").strip()
    return fields | ({"prompt": ["Enter a prompt"]} if blank else {})


def _sign_up(form: Composer) -> str:
    """The sign-up page, coming back to the form with its prompt kept."""
    names = ("prompt", "style", "aspect_ratio")
    kept: dict[str, str] = {name: form.values[name] for name in names if name in form.values}
    back = f"{reverse('generator')}?{urlencode(kept)}"
    return f"{reverse('account_signup')}?{urlencode({'next': back})}"
