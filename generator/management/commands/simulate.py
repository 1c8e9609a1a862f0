"""`manage.py simulate PROVIDER`: a local stand-in for an upstream, in the foreground."""

from __future__ import annotations

import contextlib
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from generator.simulators import SIMULATORS


class Command(BaseCommand):
    """Serves until interrupted, after printing the settings that point the product at it."""

    help = "Run a local stand-in for an upstream provider and print the settings to use it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", choices=sorted(SIMULATORS))
        parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
        parser.add_argument("--seconds", type=float, default=8.0, help="how long a task takes")

    def handle(self, *args: Any, **options: Any) -> None:
        simulator = SIMULATORS[options["provider"]](
            seconds=options["seconds"], port=options["port"]
        )
        with contextlib.suppress(KeyboardInterrupt):
            simulator.serve_forever(self._announce)

    def _announce(self, environment: dict[str, str]) -> None:
        for name, value in environment.items():
            self.stdout.write(f"{name}={value}")
        self.stdout.flush()
