"""`manage.py plans set EMAIL SLUG`: put a user on a plan."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from billing import ledger
from billing.models import Plan, Wallet


class Command(BaseCommand):
    """`plans set EMAIL free|hobby|pro|payg`."""

    help = "Puts a user on a plan; the month's credits follow with the next period."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command."""
        setting = parser.add_subparsers(dest="action", required=True).add_parser("set")
        setting.add_argument("email")
        setting.add_argument("plan")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Change the plan. Raises CommandError for an unknown user or plan."""
        user = User.objects.filter(email=options["email"].lower()).first()
        plan = Plan.objects.filter(slug=options["plan"]).first()
        if user is None or plan is None:
            known = ", ".join(Plan.objects.values_list("slug", flat=True))
            raise CommandError(f"Unknown user or plan; plans: {known}")
        Wallet.objects.filter(pk=ledger.wallet_of(user).pk).update(plan=plan)
        self.stdout.write(f"{user.email} is on {plan.title}")
