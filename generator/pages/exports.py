"""History as files: CSV that no spreadsheet takes for formulas, JSON, and pictures in a zip."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from generator import files, storage
from generator.models import Generation, Output
from generator.presentation import moment

MAX_FILES = 50
CHUNK = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
IN_MEMORY = 20 * 1024 * 1024
COLUMNS = (
    "id", "created_at", "completed_at", "status", "mode", "model", "provider", "prompt", "style",
    "width", "height", "n", "seed", "credits", "refunded", "cost_usd", "duration_ms",
    "error_code", "error",
)  # fmt: skip


def record(generation: Generation) -> dict[str, Any]:
    """A run as the exports write it; credits are what was charged, times UTC."""
    return {
        "id": generation.public_id,
        "created_at": moment(generation.created_at),
        "completed_at": moment(generation.completed_at),
        "status": generation.status,
        "mode": generation.mode,
        "model": generation.model,
        "provider": generation.provider,
        "prompt": generation.prompt,
        "style": generation.style,
        "width": generation.width,
        "height": generation.height,
        "n": generation.n,
        "seed": generation.seed,
        "credits": generation.price,
        "refunded": generation.refunded,
        "cost_usd": generation.cost_dollars,
        "duration_ms": generation.duration_ms,
        "error_code": generation.error_code,
        "error": generation.error_message,
    }


def cell(value: Any) -> Any:
    """A text that would be a formula gets an apostrophe before it; numbers stay as they are."""
    return (
        f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value
    )


def _csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(row[name]) for name in COLUMNS])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for place, row in enumerate(rows):
        yield ("," if place else "") + "\n" + json.dumps(row)
    yield "\n]\n"


KINDS: dict[str, tuple[str, Callable[[Iterable[dict[str, Any]]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "json": ("application/json", _json),
}


def response(kind: str, rows: QuerySet[Generation]) -> HttpResponseBase:
    """The runs as an attachment of one of KINDS."""
    content_type, write = KINDS[kind]
    plain = rows.prefetch_related(None)
    answer = StreamingHttpResponse(
        write(record(row) for row in plain.iterator(chunk_size=CHUNK)), content_type=content_type
    )
    answer["Content-Disposition"] = f'attachment; filename="nanobanana-history.{kind}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def packed(outputs: Iterable[Output]) -> HttpResponseBase:
    """The files in one zip, in the order of `outputs`; one that cannot be read now is left out."""
    target = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (the response closes it)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for place, output in enumerate(outputs, 1):
            try:
                data = storage.read(output)
            except (files.NoSuchFile, files.StoreDown):
                continue
            name = files.download_name(output.generation.prompt, output.extension)
            archive.writestr(f"{place:02d}-{name}", data)
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename="nanobanana-pictures.zip")
