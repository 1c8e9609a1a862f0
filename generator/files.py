"""The one place where bytes meet the store: keys, durable writes, signed links, download names.

Knows no rows. Whatever the store is, a file is whole under its key or not there at all, and a store
that does not work is one exception, StoreDown, which the engine answers by trying again.
"""

import contextlib
import importlib
import os
import re
import secrets
import time
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import IO
from urllib.parse import quote

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.core.signing import BadSignature, TimestampSigner

LINK_SECONDS = 7 * 24 * 3600
NAME_LENGTH = 60
# Names that are devices on Windows, whatever comes after the dot.
DEVICE_NAMES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10)))
)
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9_-]+)*(?:\.[a-z0-9]{1,5})?\Z")
_PARTS = ".parts"


class StoreDown(Exception):
    """The store did not take or give a file: full, unreachable or forbidden. Worth trying again."""


class NoSuchFile(Exception):
    """The store works and has no file under this key."""


class DurableFileSystemStorage(FileSystemStorage):
    """Files that are on the disk, whole, once save() returns; saving a key again replaces it."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: File) -> str:
        target = self.path(name)
        parts = self.path(_PARTS)
        os.makedirs(parts, exist_ok=True)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        part = os.path.join(parts, secrets.token_hex(16))
        try:
            with open(part, "xb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(part)
            raise
        _sync_folder(os.path.dirname(target))
        return name

    def sweep_parts(self, older_than_seconds: float = 3600) -> int:
        """Remove what writes that were killed left behind; return how many files that were."""
        limit, removed = time.time() - older_than_seconds, 0
        with contextlib.suppress(OSError), os.scandir(self.path(_PARTS)) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.stat().st_mtime < limit:
                        os.remove(entry.path)
                        removed += 1
        return removed


def _sync_folder(path: str) -> None:
    """Without this a power cut may lose the name of a file whose bytes are safe."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def new_key(folder: str, extension: str) -> str:
    """Return a key nobody can guess, such as u/3f/3f9c….png; 256 folders keep listings short."""
    name = secrets.token_hex(16)
    return checked_key(f"{folder}/{name[:2]}/{name}.{extension}")


def checked_key(key: str) -> str:
    """Return the key; raise ValueError for anything that could leave its folder."""
    if not _KEY.match(key):
        raise ValueError(f"not a storage key: {key[:80]!r}")
    return key


def save(key: str, data: bytes) -> None:
    """Write `data` under `key`, replacing what is there. Raise StoreDown."""
    try:
        with _store_errors():
            _store().save(checked_key(key), ContentFile(data))
    except NoSuchFile as error:
        raise StoreDown("a folder vanished while writing") from error


def read(key: str) -> bytes:
    """Return a file's bytes. Raise NoSuchFile or StoreDown."""
    with open_file(key) as file, _store_errors():
        return file.read()


def open_file(key: str) -> IO[bytes]:
    """Open for reading; the caller closes it. Raise NoSuchFile or StoreDown."""
    with _store_errors():
        return _store().open(checked_key(key), "rb")


def delete(key: str) -> None:
    """Remove a file; one that is gone already is fine. Raise StoreDown."""
    with contextlib.suppress(NoSuchFile), _store_errors():
        _store().delete(checked_key(key))


def exists(key: str) -> bool:
    """Raise StoreDown when the store cannot tell."""
    with _store_errors():
        return _store().exists(checked_key(key))


def size(key: str) -> int:
    """Return a file's bytes in number. Raise NoSuchFile or StoreDown."""
    with _store_errors():
        return _store().size(checked_key(key))


def local_path(key: str) -> str | None:
    """Return the file's absolute path, or None where the store is no disk of this machine."""
    store = _store()
    return store.path(checked_key(key)) if isinstance(store, FileSystemStorage) else None


def signed_token(file_id: str, variant: str = "", method: str = "GET") -> str:
    """Return a token (time and signature) that opens this variant of this file to `method`."""
    value = _signed_value(file_id, variant, method)
    return _signer().sign(value).removeprefix(f"{value}:")


def verify_token(
    token: str,
    file_id: str,
    variant: str = "",
    method: str = "GET",
    max_age: int = LINK_SECONDS,
) -> bool:
    """Tell whether the token is ours, for exactly this, and at most `max_age` seconds old."""
    method = "GET" if method == "HEAD" else method
    try:
        _signer().unsign(f"{_signed_value(file_id, variant, method)}:{token}", max_age=max_age)
    except BadSignature:
        return False
    return True


def download_name(prompt: str, extension: str) -> str:
    """Return a file name made of the prompt's letters and digits, in any script: red-fox.png."""
    text = unicodedata.normalize("NFC", prompt[: NAME_LENGTH * 4])
    letters = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    name = "-".join(letters.split())[:NAME_LENGTH].strip("-").lower()
    if not name or name in DEVICE_NAMES:
        name = f"image-{name}".strip("-")
    return f"{name}.{extension}"


def content_disposition(name: str, *, attachment: bool = True) -> str:
    """Return the header (RFC 6266): an ASCII name and, where it differs, the real one in UTF-8."""
    stem, dot, extension = name.rpartition(".")
    plain = unicodedata.normalize("NFKD", stem or name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.") or "image"
    ascii_name = f"{plain}{dot}{extension}" if stem else plain
    header = f'{"attachment" if attachment else "inline"}; filename="{ascii_name}"'
    return header if ascii_name == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="generator.files")


def _signed_value(file_id: str, variant: str, method: str) -> str:
    return f"{file_id}|{variant}|{method}"


def _store() -> Storage:
    return storages["default"]


@contextlib.contextmanager
def _store_errors() -> Iterator[None]:
    down = _errors_of_a_store()
    try:
        yield
    except FileNotFoundError as error:
        raise NoSuchFile from error
    except down as error:
        # The class alone: the text would carry paths and bucket names.
        raise StoreDown(type(error).__name__) from error


@lru_cache
def _errors_of_a_store() -> tuple[type[Exception], ...]:
    """An S3 store is optional, and so are the classes its client raises."""
    try:
        remote = importlib.import_module("botocore.exceptions")
    except ModuleNotFoundError:
        return (OSError,)
    return (OSError, remote.BotoCoreError, remote.ClientError)
