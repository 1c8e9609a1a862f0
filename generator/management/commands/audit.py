"""`manage.py audit`: check every invariant; exit 1 on a finding."""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import audit as money
from generator import audit as generations


class Command(BaseCommand):
    """Prints a line for each finding."""

    help = "Checks every invariant of docs/reliability.md; exit 1 on a finding."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--no-files` leaves out reading every delivered file."""
        parser.add_argument(
            "--no-files", action="store_true", help="do not read and hash the files"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run all checks. Raises CommandError (exit 1) where anything was found."""
        count = 0
        for finding in chain(
            money.findings(), generations.findings(with_files=not options["no_files"])
        ):
            count += 1
            self.stdout.write(finding)
        if count:
            raise CommandError(f"{count} findings")
        self.stdout.write("audit: 0 findings")
