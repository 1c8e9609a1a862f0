"""The only writer of users' files: uploads, results, their thumbnails, and the links that open
them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.owner import Owner
from generator import files, images
from generator.models import Generation, Output, StoredBytes, Upload

log = logging.getLogger(__name__)
VARIANTS = ("", "320", "640")


def variant_key(key: str, variant: str) -> str:
    """Where a thumbnail of the file under `key` is kept; "" is the file itself."""
    return f"{key.rsplit('.', 1)[0]}-{variant}.webp" if variant else key


def save_upload(owner: Owner, data: bytes, pk: UUID | None = None) -> Upload:
    """Check, rebuild and keep a reference image, as `pk` where one was promised.

    Raises images.BadImage, images.TooLarge, files.StoreDown.
    """
    if len(data) > settings.MAX_FILE_SIZE:
        raise images.TooLarge(settings.MAX_FILE_SIZE)
    checked = images.check_upload(data)
    key = files.new_key("u", checked.extension)
    _write(key, checked)
    return Upload.objects.create(
        pk=pk or uuid4(),
        **owner.columns,
        file_key=key,
        content_type=checked.content_type,
        size=len(checked.data),
        sha256=checked.sha256,
        width=checked.width,
        height=checked.height,
    )


def upload_of_output(owner: Owner, output: Output) -> Upload:
    """A delivered output as a reference image of its owner; too large a file becomes a JPEG."""
    data = read(output)
    if len(data) > settings.MAX_FILE_SIZE:
        data = images.finish_result(data, None, None, output_format="jpeg").data
    return save_upload(owner, data)


def read(row: Output | Upload) -> bytes:
    """The file's bytes, from the store or from where a refusing store left them.

    Raises files.NoSuchFile or files.StoreDown.
    """
    try:
        return files.read(row.file_key)
    except (files.NoSuchFile, files.StoreDown):
        kept = (
            StoredBytes.objects.filter(output=row.pk).first() if isinstance(row, Output) else None
        )
        if kept is None:
            raise
        return bytes(kept.data)


def keep_result(output: Output, data: bytes, generation: Generation) -> dict[str, Any]:
    """Check a provider's file, bring it to the exact size, and store it with its thumbnails.

    Returns the columns of the output's row. Raises images.BadImage for what is no usable picture
    and files.StoreDown where neither the store nor the database takes it. The key is the output's
    own, so that a repeat overwrites its own file.
    """
    parameters: Mapping[str, Any] = generation.parameters
    checked = images.finish_result(
        data,
        generation.width,
        generation.height,
        watermark=parameters.get("watermark"),
        output_format=parameters.get("output_format", "png"),
        quality=parameters.get("output_compression"),
    )
    key = files.checked_key(f"g/{output.id.hex[:2]}/{output.id.hex}.{checked.extension}")
    try:
        _write(key, checked)
    except files.StoreDown:
        log.warning(
            "store refused a finished file; kept in the database", extra={"output": str(output.pk)}
        )
        _keep_bytes(output, checked.data)
    return {
        "file_key": key,
        "content_type": checked.content_type,
        "size": len(checked.data),
        "sha256": checked.sha256,
        "width": checked.width,
        "height": checked.height,
        "delivered_at": timezone.now(),
    }


def _write(key: str, checked: images.CheckedImage) -> None:
    """The thumbnails first, so that a file that is there has them."""
    for width, small in images.thumbnails(checked.pixels).items():
        files.save(variant_key(key, str(width)), small)
    files.save(key, checked.data)


def _keep_bytes(output: Output, data: bytes) -> None:
    with transaction.atomic():
        StoredBytes.objects.update_or_create(output=output, defaults={"data": data})


def move_kept(limit: int = 50) -> int:
    """Move files that the store refused into it, now that it may work again; returns how many."""
    moved = 0
    for kept in StoredBytes.objects.select_related("output")[:limit]:
        data = bytes(kept.data)
        try:
            for width, small in images.thumbnails(data).items():
                files.save(variant_key(kept.output.file_key, str(width)), small)
            files.save(kept.output.file_key, data)
        except files.StoreDown:
            return moved
        except images.BadImage:
            log.exception("a kept file cannot be read", extra={"output": str(kept.output_id)})
            continue
        kept.delete()
        moved += 1
    return moved


def is_kept(output: Output) -> bool:
    """Whether the file waits in the database for the store to come back."""
    return StoredBytes.objects.filter(output=output).exists()


def erase(row: Output | Upload) -> None:
    """Delete a file with its thumbnails; a store that is down leaves them to the orphans' sweep."""
    for variant in VARIANTS:
        try:
            files.delete(variant_key(row.file_key, variant))
        except files.StoreDown:
            log.warning("could not delete a file now", extra={"key": row.file_key})
    if isinstance(row, Output):
        StoredBytes.objects.filter(output=row).delete()


def discard(row: Output | Upload) -> None:
    """Take one file away: nobody can open it from the next request on.

    An upload's bytes go with the chores a day later: a generation in line may still need them.
    """
    now = timezone.now()
    if isinstance(row, Upload):
        Upload.objects.filter(pk=row.pk).update(deleted_at=now)
        return
    Output.objects.filter(pk=row.pk).update(deleted_at=now, published=False)
    erase(row)


def url(row: Output | Upload, variant: str = "") -> str:
    """A signed path that opens the file without a credential for seven days, as long as its row
    allows it.
    """
    token = files.signed_token(str(row.pk), variant)
    return f"/f/{row.pk}{f'/{variant}' if variant else ''}?t={token}"


def public_url(output: Output, variant: str = "") -> str:
    """The plain permanent path of a published output; 404 once the output is withdrawn."""
    return f"/p/{output.pk}{f'/{variant}' if variant else ''}"
