"""Upload slots: one file an address, judged once, forgotten after a day."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.owner import Owner
from generator import files, slots, tasks
from generator.limits import RateLimited
from generator.models import Upload, UploadSlot
from generator.tests.pictures import encoded, picture
from generator.tests.stores import disk, memory

__all__ = ["disk", "memory"]
pytestmark = [pytest.mark.django_db, pytest.mark.uploads, pytest.mark.usefixtures("disk")]


@pytest.fixture
def slot(ann):
    return slots.open_slot(Owner(user=ann))


def png():
    return encoded(picture(), "PNG")


def held(folder):
    """What lies in quarantine."""
    return [path for path in (folder / "q").rglob("*") if path.is_file()]


def age(slot, **span):
    UploadSlot.objects.filter(pk=slot.pk).update(created_at=timezone.now() - timedelta(**span))


def test_an_accepted_file_becomes_the_upload_of_the_same_id_and_leaves_quarantine(slot, ann, disk):
    slots.receive(slot.pk, png())
    assert len(held(disk)) == 1
    assert slots.check(Owner(user=ann), slot.pk) == slots.SUCCESS

    upload = Upload.objects.get()
    assert (upload.pk, upload.user) == (slot.pk, ann)
    assert files.read(upload.file_key)
    assert held(disk) == []
    assert slots.check(Owner(user=ann), slot.pk) == slots.SUCCESS
    assert Upload.objects.count() == 1


def test_what_is_no_image_is_removed_and_its_reason_kept(slot, ann, disk):
    slots.receive(slot.pk, b"<svg onload=alert(1)>")
    first = slots.check(Owner(user=ann), slot.pk)

    assert first.status == "failed"
    assert "JPEG, PNG or WEBP" in first.message
    assert slots.check(Owner(user=ann), slot.pk) == first
    assert held(disk) == []
    assert not Upload.objects.exists()


def test_a_second_file_is_refused_whatever_became_of_the_first(slot, ann):
    slots.receive(slot.pk, png())
    with pytest.raises(slots.SlotUsed):
        slots.receive(slot.pk, b"another")
    slots.check(Owner(user=ann), slot.pk)
    with pytest.raises(slots.SlotUsed):
        slots.receive(slot.pk, b"another")


def test_two_checks_at_once_judge_the_file_once(slot, ann):
    slots.receive(slot.pk, png())
    lease = timezone.now() + timedelta(seconds=30)
    UploadSlot.objects.filter(pk=slot.pk).update(lease_until=lease)
    assert slots.check(Owner(user=ann), slot.pk) == slots.PENDING
    assert not Upload.objects.exists()

    past = timezone.now() - timedelta(seconds=1)
    UploadSlot.objects.filter(pk=slot.pk).update(lease_until=past)
    assert slots.check(Owner(user=ann), slot.pk) == slots.SUCCESS


def test_a_store_that_refuses_the_file_leaves_the_address_open(slot, ann, disk):
    (disk / "q").write_text("in the way of the folder")
    with pytest.raises(files.StoreDown):
        slots.receive(slot.pk, png())
    (disk / "q").unlink()
    slots.receive(slot.pk, png())
    assert slots.check(Owner(user=ann), slot.pk) == slots.SUCCESS


def test_a_store_that_is_down_at_the_check_lets_the_next_check_try_again(slot, ann, disk):
    slots.receive(slot.pk, png())
    (disk / "u").write_text("in the way of the folder")
    with pytest.raises(files.StoreDown):
        slots.check(Owner(user=ann), slot.pk)
    (disk / "u").unlink()
    assert slots.check(Owner(user=ann), slot.pk) == slots.SUCCESS


def test_a_slot_that_got_no_file_in_time_has_failed(slot, ann):
    assert slots.check(Owner(user=ann), slot.pk) == slots.PENDING
    age(slot, minutes=16)
    assert slots.check(Owner(user=ann), slot.pk) == slots.EXPIRED


def test_a_strangers_slot_is_unknown(slot, bob):
    slots.receive(slot.pk, png())
    assert slots.check(Owner(user=bob), slot.pk) is None
    assert not Upload.objects.exists()


def test_the_sweep_removes_what_nobody_checked_after_a_day(slot, ann, disk):
    other = slots.open_slot(Owner(user=ann))
    slots.receive(slot.pk, png())
    slots.receive(other.pk, png())
    age(slot, hours=25)
    tasks.mend()

    assert [left.pk for left in UploadSlot.objects.all()] == [other.pk]
    assert [path.name for path in held(disk)] == [other.pk.hex]


def test_a_user_holds_at_most_a_hundred_open_slots(slot, ann, bob, monkeypatch):
    monkeypatch.setattr(slots, "MOST_OPEN", 1)
    with pytest.raises(RateLimited):
        slots.open_slot(Owner(user=ann))
    assert slots.open_slot(Owner(user=bob))
    age(slot, minutes=16)
    assert slots.open_slot(Owner(user=ann)), "a slot past its time holds nothing"


def test_a_token_opens_its_own_slot_for_writing_and_nothing_else(slot, ann):
    other = slots.open_slot(Owner(user=ann))
    token = slots.token(slot)
    assert slots.is_open(slot.pk, token)
    assert not slots.is_open(other.pk, token)
    assert not files.verify_token(token, str(slot.pk)), "it reads nothing"
    assert not slots.is_open(slot.pk, files.signed_token(str(slot.pk))), "a reading link writes not"
