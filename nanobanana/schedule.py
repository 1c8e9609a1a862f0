"""What happens on the clock: each periodic task with its interval."""

from datetime import timedelta

BEAT = {
    "sweep": {"task": "generator.tasks.sweep", "schedule": timedelta(seconds=1)},
    "deliver": {"task": "generator.tasks.deliver", "schedule": timedelta(seconds=1)},
    "publish": {"task": "gallery.tasks.publish_wanted", "schedule": timedelta(seconds=5)},
    "mend": {"task": "generator.tasks.mend", "schedule": timedelta(minutes=5)},
    "renew": {"task": "billing.tasks.renew", "schedule": timedelta(minutes=15)},
    "mail": {"task": "accounts.tasks.post_mail", "schedule": timedelta(minutes=1)},
    "tidy": {"task": "accounts.tasks.tidy", "schedule": timedelta(hours=6)},
    "blank": {"task": "gallery.tasks.blank_deleted", "schedule": timedelta(hours=1)},
    "leaving": {"task": "nanobanana.tasks.clear_left", "schedule": timedelta(hours=1)},
}
