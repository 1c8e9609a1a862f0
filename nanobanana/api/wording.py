"""How an order in a contract's own field names becomes a draft, and complaints its names again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from accounts.owner import Owner
from generator import catalogue
from generator.catalogue import Draft
from generator.validation import Invalid
from nanobanana.api import inputs

Names = Mapping[str, str]
"""The catalogue's name of each field → the contract's."""


def is_absent(value: Any) -> bool:
    """Whether an optional parameter counts as not sent."""
    return value is None or value is False or value == ""


def order(
    data: Mapping[str, Any],
    names: Names,
    *,
    owner: Owner,
    images: Sequence[Any] = (),
    also: Invalid | None = None,
) -> Draft:
    """The draft of `data`, which speaks as the catalogue does; complaints speak as `names` does.

    `images` are values for `inputs.upload_of`. The rest is judged first, so that an order which is
    refused has fetched and stored nothing. `also` is what the contract itself found wrong.
    """
    with complaints(names, also):
        draft = catalogue.validate({**data, "mode": _mode(data, images)}, owner=owner)
        if images and len(images) > draft.model.max_images:
            limit = f"{draft.model.slug} takes up to {draft.model.max_images} images."
            raise Invalid({"images": [limit]}, "invalid_images")
    if also is not None:
        raise also
    if not images:
        return draft
    field = names.get("images", "images")
    ids = [str(inputs.upload_of(owner, value, field).pk) for value in images]
    with complaints(names, None):
        return catalogue.validate({**data, "images": ids}, owner=owner)


def _mode(data: Mapping[str, Any], images: Sequence[Any]) -> Any:
    """The mode to judge by while the images are not there yet."""
    mode = data.get("mode")
    return mode.replace("image-to-", "text-to-") if images and isinstance(mode, str) else mode


@contextmanager
def complaints(names: Names, also: Invalid | None = None) -> Iterator[None]:
    """What is raised about the catalogue's fields inside is raised about `names`, with `also`'s."""
    try:
        yield
    except Invalid as error:
        fields = {names.get(name, name): told for name, told in error.fields.items()}
        raise Invalid(fields | (also.fields if also else {}), error.code) from error
