"""`manage.py credits`: give, take and show a user's credits, or lift the plan's rate."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from billing import ledger
from billing.models import Wallet


class Command(BaseCommand):
    """`credits grant|take EMAIL AMOUNT [--reason]`, `credits show EMAIL`, `credits rate EMAIL
    off|plan`.
    """

    help = "Gives, takes and shows credits; lifts the plan's rate and limit at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command each."""
        actions = parser.add_subparsers(dest="action", required=True)
        for action in ("grant", "take"):
            moving = actions.add_parser(action)
            moving.add_argument("email")
            moving.add_argument("amount", type=int)
            moving.add_argument("--reason", default="By hand")
        actions.add_parser("show").add_argument("email")
        rate = actions.add_parser("rate")
        rate.add_argument("email")
        rate.add_argument("to", choices=("off", "plan"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it and print the balance. Raises CommandError for no such user or too few credits."""
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"No user with the address {options['email']}")
        wallet = ledger.wallet_of(user)
        if options["action"] in {"grant", "take"}:
            self._move(wallet, options)
        elif options["action"] == "rate":
            Wallet.objects.filter(pk=wallet.pk).update(rate_lifted=options["to"] == "off")
        self._show(user)

    def _move(self, wallet: Wallet, options: dict[str, Any]) -> None:
        amount = options["amount"]
        if amount < 1:
            raise CommandError("The amount must be a whole number above 0")
        note = ledger.Note(f"hand:{uuid.uuid4()}", options["reason"], actor="command line")
        try:
            ledger.adjust(wallet.pk, amount if options["action"] == "grant" else -amount, note)
        except ledger.InsufficientCredits as error:
            raise CommandError(str(error)) from error

    def _show(self, user: User) -> None:
        wallet = ledger.wallet_of(user)
        rate = "lifted" if wallet.rate_lifted else f"{wallet.plan.hourly_rate} an hour"
        self.stdout.write(
            f"{user.email}: {wallet.balance} credits ({wallet.bought} bought), "
            f"plan {wallet.plan_id}, rate {rate}"
        )
