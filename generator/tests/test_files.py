"""What the store promises: whole files under keys nobody guesses, and links that end."""

import errno
import os
import stat
import sys
import time
from types import SimpleNamespace

import pytest
import time_machine
from django.core.files.storage import InMemoryStorage, storages
from django.test import override_settings

from generator import files
from generator.files import DurableFileSystemStorage, NoSuchFile, StoreDown
from generator.tests.stores import DATA, KEY, disk, memory, stored, stores

__all__ = ["disk", "memory", "stored"]


def leftovers(root) -> list[str]:
    return os.listdir(root / ".parts") if (root / ".parts").exists() else []


class TestStoring:
    def test_a_saved_file_is_read_back_measured_and_deleted(self, disk):
        files.save(KEY, DATA)
        assert files.read(KEY) == DATA
        assert files.size(KEY) == len(DATA)
        assert files.exists(KEY)
        assert files.local_path(KEY) == str(disk / KEY)
        files.delete(KEY)
        assert not files.exists(KEY)

    def test_any_django_store_will_do(self, memory):
        files.save(KEY, DATA)
        assert files.read(KEY) == DATA
        assert files.local_path(KEY) is None
        files.delete(KEY)
        assert not files.exists(KEY)

    def test_saving_again_replaces_the_file_under_the_same_key(self, disk):
        files.save(KEY, b"first and longer")
        files.save(KEY, b"second")
        assert files.read(KEY) == b"second"
        assert [name for _, _, names in os.walk(disk) for name in names] == [KEY.split("/")[-1]]

    def test_an_empty_file_is_a_file(self, disk):
        files.save(KEY, b"")
        assert files.read(KEY) == b""

    def test_a_missing_file_is_told_from_a_store_that_is_down(self, disk):
        for act in (files.read, files.size, files.open_file):
            with pytest.raises(NoSuchFile):
                act(KEY)
        files.delete(KEY)

    def test_a_full_disk_leaves_nothing_visible_and_is_a_store_that_is_down(self, disk):
        files.save(KEY, b"old")
        for step in ("fsync", "replace", "makedirs"):
            with failing(step, errno.ENOSPC), pytest.raises(StoreDown) as error:
                files.save(KEY, DATA)
            assert str(disk) not in str(error.value)
            assert files.read(KEY) == b"old"
            assert leftovers(disk) == []

    def test_a_folder_that_vanishes_while_writing_is_a_store_that_is_down(self, disk):
        with failing("replace", errno.ENOENT), pytest.raises(StoreDown):
            files.save(KEY, DATA)

    def test_an_s3_client_that_refuses_is_a_store_that_is_down(self, monkeypatch):
        class ClientError(Exception):
            pass

        class Bucket(InMemoryStorage):
            def exists(self, name):
                raise ClientError("AccessDenied: secret-bucket")

        library = SimpleNamespace(ClientError=ClientError, BotoCoreError=ClientError)
        monkeypatch.setitem(sys.modules, "botocore.exceptions", library)
        files._errors_of_a_store.cache_clear()
        settings = {"default": {"BACKEND": "a_bucket.Bucket"}}
        monkeypatch.setitem(sys.modules, "a_bucket", SimpleNamespace(Bucket=Bucket))
        with override_settings(STORAGES=settings), pytest.raises(StoreDown) as error:
            files.exists(KEY)
        files._errors_of_a_store.cache_clear()
        assert "secret-bucket" not in str(error.value)

    def test_a_file_that_hits_the_size_limit_of_the_process_leaves_nothing(self, disk):
        pid = os.fork()
        if pid == 0:  # a process of its own, because the limit is the whole process's
            os._exit(_save_beyond_limit())
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert not (disk / KEY).exists()
        assert leftovers(disk) == []

    def test_a_root_that_is_no_folder_is_a_store_that_is_down(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        root = str(tmp_path / "file" / "media")
        with override_settings(MEDIA_ROOT=root, STORAGES=stores(DurableFileSystemStorage)):
            for act in (lambda: files.save(KEY, DATA), lambda: files.read(KEY)):
                with pytest.raises(StoreDown):
                    act()

    def test_the_bytes_and_the_name_are_on_the_disk_before_save_returns(self, disk):
        synced = []
        real = os.fsync

        def watching(descriptor):
            synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
            real(descriptor)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", watching)
            files.save(KEY, DATA)
        assert synced == [False, True]

    def test_what_a_killed_write_left_behind_is_swept_when_it_is_old(self, disk):
        (disk / ".parts").mkdir()
        for name, age in (("old", 7200), ("new", 0)):
            (disk / ".parts" / name).write_bytes(b"half")
            os.utime(disk / ".parts" / name, (time.time() - age,) * 2)
        storage = storages["default"]
        assert storage.sweep_parts() == 1
        assert leftovers(disk) == ["new"]

    def test_a_sweep_of_a_fresh_store_finds_nothing(self, disk):
        assert storages["default"].sweep_parts() == 0


def _save_beyond_limit() -> int:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        files.save(KEY, DATA)
    except StoreDown:
        return 0
    return 1


def failing(step: str, number: int):
    """Make the operating system refuse one call, as a full or forbidden disk does."""

    def refuse(*args, **settings):
        raise OSError(number, os.strerror(number))

    patch = pytest.MonkeyPatch()
    patch.setattr(os, step, refuse)

    class Undo:
        def __enter__(self):
            return patch

        def __exit__(self, *error):
            patch.undo()

    return Undo()


class TestKeys:
    def test_new_keys_never_repeat_and_are_valid(self):
        made = {files.new_key("u", "png") for _ in range(1000)}
        assert len(made) == 1000
        assert all(files.checked_key(key) == key and len(key) == 41 for key in made)

    @pytest.mark.parametrize(
        "key",
        ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".parts/x", "a/.hidden", "a\\b", "A",
         "a\0b", "a b", "ä", "a.png.exe.", "a.png\n", "-a", "a..png", "con\u202egnp.exe"],
    )  # fmt: skip
    def test_a_key_that_could_leave_its_folder_is_an_error(self, key, disk):
        for act in (files.read, files.delete, files.exists, lambda key: files.save(key, b"x")):
            with pytest.raises(ValueError, match="not a storage key"):
                act(key)


class TestLinks:
    def test_a_link_opens_its_file_for_reading_for_seven_days(self):
        token = files.signed_token("id-1", "640")
        for method in ("GET", "HEAD"):
            assert files.verify_token(token, "id-1", "640", method)
        with time_machine.travel(time.time() + 7 * 24 * 3600 - 60):
            assert files.verify_token(token, "id-1", "640")
        with time_machine.travel(time.time() + 7 * 24 * 3600 + 60):
            assert not files.verify_token(token, "id-1", "640")

    def test_a_link_opens_nothing_else(self):
        token = files.signed_token("id-1", "640")
        stamp, _, signature = token.partition(":")
        assert not files.verify_token(token, "id-2", "640")
        assert not files.verify_token(token, "id-1", "")
        assert not files.verify_token(token, "id-1|640", "")
        assert not files.verify_token(token, "id-1", "640", "DELETE")
        assert not files.verify_token(token, "id-1", "640", max_age=-1)
        for forged in (
            "",
            ":",
            "x",
            token[:-1],
            token + "x",
            f"zzz:{signature}",
            f"{stamp}:",
            "é:é",
        ):
            assert not files.verify_token(forged, "id-1", "640")

    def test_a_link_of_another_secret_opens_nothing(self):
        with override_settings(SECRET_KEY="another secret of fifty characters, more or less"):
            token = files.signed_token("id-1")
        assert not files.verify_token(token, "id-1")


class TestDownloadNames:
    @pytest.mark.parametrize(
        ("prompt", "name"),
        [
            ("A red fox, in the snow!", "a-red-fox-in-the-snow.png"),
            ("кот в шляпе", "кот-в-шляпе.png"),
            ("../../etc/passwd", "etc-passwd.png"),
            ("a\r\nSet-Cookie: x=1", "a-set-cookie-x-1.png"),
            ('"; filename="evil.exe', "filename-evil-exe.png"),
            ("\u202egnp.exe\u200f", "gnp-exe.png"),
            ("CON", "image-con.png"),
            (".htaccess", "htaccess.png"),
            ("🙂🙂", "image.png"),
            ("", "image.png"),
            ("x" * 5000, "x" * 60 + ".png"),
        ],
    )
    def test_they_are_made_of_the_prompts_letters_and_digits(self, prompt, name):
        assert files.download_name(prompt, "png") == name

    @pytest.mark.parametrize(
        ("name", "header"),
        [
            ("fox.png", 'attachment; filename="fox.png"'),
            ("füchse.png", "attachment; filename=\"fuchse.png\"; filename*=UTF-8''f%C3%BCchse.png"),
            ("狐.png", "attachment; filename=\"image.png\"; filename*=UTF-8''%E7%8B%90.png"),
        ],
    )
    def test_the_header_says_them_in_ascii_and_in_full(self, name, header):
        assert files.content_disposition(name) == header

    def test_a_picture_can_be_shown_in_place(self):
        assert files.content_disposition("a.png", attachment=False).startswith("inline;")
