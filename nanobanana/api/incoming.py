"""Pictures inside a generate request: uploads once it is accepted, gone when it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from django.core.files.uploadedfile import UploadedFile

from accounts.owner import Owner
from generator import images, storage
from generator.models import Model, Upload
from generator.validation import Invalid


class Incoming:
    """A context manager: what `save` kept is erased again where the block raises."""

    def __init__(self, owner: Owner, pictures: Sequence[bytes]) -> None:
        self._owner, self._pictures = owner, pictures
        self._uploads: list[Upload] = []

    @property
    def digests(self) -> list[str]:
        """What the pictures count as in "the same body"."""
        return [hashlib.sha256(picture).hexdigest() for picture in self._pictures]

    def save(self) -> list[Upload]:
        """Check and keep them. Raises images.BadImage, images.TooLarge, files.StoreDown."""
        for picture in self._pictures:
            self._uploads.append(storage.save_upload(self._owner, picture))
        return self._uploads

    def discard(self) -> None:
        """Erase what was kept: the request became an earlier one's generation, or none."""
        while self._uploads:
            upload = self._uploads.pop()
            storage.erase(upload)
            upload.delete()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.discard()


def read(files: Sequence[object], name: str) -> list[bytes]:
    """The bytes of a form's files. Raises images.TooLarge, Invalid for what is no file."""
    pictures = []
    for file in files:
        if not isinstance(file, UploadedFile):
            raise Invalid({name: [f"Send {name} as a file."]}, "invalid_images")
        if (file.size or 0) > images.MAX_UPLOAD_BYTES:
            raise images.TooLarge(images.MAX_UPLOAD_BYTES)
        pictures.append(file.read())
    return pictures


def require_room(model: Model, count: int, name: str) -> None:
    """Raises Invalid where the model takes fewer pictures than `count`."""
    if count > model.max_images:
        takes = f"up to {model.max_images} images" if model.max_images else "no images"
        raise Invalid({name: [f"{model.slug} takes {takes}."]}, "invalid_images")
