"""The long soaks: thousands of generations under kills and freezes, and every named point again and
again.

python bench/soak.py kills --generations 10000 --postgres python bench/soak.py freezes --generations
2000 python bench/soak.py points --times 20 --postgres

Prints one line for each run and ends with 1 where any of them broke an invariant.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django  # noqa: E402

# Nothing of this process's own database is used; the settings just want a place.
os.environ.update(DJANGO_SETTINGS_MODULE="nanobanana.settings", DATA_DIR=tempfile.mkdtemp())
django.setup()

from generator.engine.crash import POINTS  # noqa: E402
from generator.tests.harness import soak  # noqa: E402
from generator.tests.harness.plan import Plan  # noqa: E402


def arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("kind", choices=("kills", "freezes", "points"))
    parser.add_argument("--generations", type=int, default=2000)
    parser.add_argument("--times", type=int, default=20, help="repetitions of all named points")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, restarted once")
    parser.add_argument("--workers", type=int, default=4)
    return parser.parse_args()


def plans(chosen: argparse.Namespace) -> Iterator[Plan]:
    """The runs that make up what was chosen."""
    base = Plan(
        seed=chosen.seed,
        generations=chosen.generations,
        workers=chosen.workers,
        seconds=max(120.0, chosen.generations * 0.5),
        restart_database=chosen.postgres,
    )
    if chosen.kind == "kills":
        yield replace(base, every=(0.4, 1.0))
    elif chosen.kind == "freezes":
        yield replace(base, every=(0.3, 0.7), freezing=1.0)
    else:
        for number in range(chosen.times):
            calm = replace(base, seed=chosen.seed + number, every=(0.0, 0.0), faults=())
            calm = replace(calm, generations=60, restart_database=False)
            yield replace(calm, crash=POINTS)
            yield replace(calm, freeze=POINTS, thaw=5.0)


def main() -> int:
    """Run them all; 1 where one broke an invariant."""
    chosen, bad = arguments(), 0
    begun = time.monotonic()
    for plan in plans(chosen):
        found = soak.run(plan, chosen.postgres)
        violations = found.pop("violations")
        bad += len(violations)
        print(found, *violations[:20], sep="\n  ", flush=True)
    print(f"{bad} violations in {time.monotonic() - begun:.0f} s, seed {chosen.seed}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
