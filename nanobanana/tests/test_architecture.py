"""The rules of the house hold, and each check notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test.utils import isolate_apps

from accounts.models import User
from generator.models import Generation
from nanobanana.tests import architecture as rules
from nanobanana.tests.source import LAYERS, Tree

Rule = Callable[[Tree], list[str]]
HOUSE = Tree(Path(settings.BASE_DIR))

PLANTS: list[tuple[Rule, str, str]] = [
    (rules.imports_pointing_right, "billing/a.py", "from generator import engine"),
    (rules.imports_pointing_right, "accounts/a.py", "def f():\n    import gallery.models"),
    (rules.imports_pointing_right, "accounts/a.py", "x = import_string('billing.ledger.post')"),
    (rules.imports_pointing_right, "generator/a.py", "x = apps.get_model('gallery.Item')"),
    (rules.import_cycles, "billing/a.py", "def f():\n    from billing import b"),
    (rules.provider_imports, "generator/providers/x.py", "from django.conf import settings"),
    (rules.provider_imports, "generator/providers/x.py", "import numpy"),
    (rules.provider_imports, "generator/providers/x.py", "from generator.providers import kie"),
    (rules.provider_imports, "generator/providers/x.py", "import generator.models"),
    (rules.simulator_imports, "generator/simulators/x.py", "from generator.providers import kie"),
    (rules.row_signals, "billing/a.py", "from django.db.models.signals import post_save"),
    (rules.row_signals, "billing/a.py", "from django.dispatch import Signal"),
    (rules.forbidden_files, "billing/utils.py", "x = 1"),
    (rules.long_files, "billing/a.py", "x = 1\n" * 301),
    (rules.long_functions, "billing/a.py", "def f():\n" + "    x = 1\n" * 50),
    (rules.long_functions, "billing/a.py", "def f():\n" + "    x = 1\n" * 9),
    (rules.bare_signatures, "billing/a.py", "def f(x) -> int:\n    return x"),
    (rules.bare_signatures, "billing/a.py", "def f(x: int):\n    return x"),
    (rules.unfinished_marks, "billing/a.py", "x = 1  # TO" + "DO later"),
    (rules.unfinished_marks, "templates/a.html", "<!-- FIX" + "ME -->"),
    (rules.missing_docstrings, "billing/a.py", "x = 1"),
    (rules.foreign_writes, "gallery/a.py", "LedgerEntry.objects.create(amount=1)"),
    (rules.foreign_writes, "gallery/a.py", "x = models.Generation(prompt='')"),
    (rules.foreign_writes, "gallery/a.py", "Wallet.objects.filter(x=y.z).update(balance=1)"),
    (rules.foreign_writes, "gallery/a.py", "from django.core.files.storage import default_storage"),
    (rules.unsaid_writers, "billing/ledger.py", '"""Money."""'),
]


@pytest.mark.parametrize(
    "rule",
    [
        rules.imports_pointing_right,
        rules.import_cycles,
        rules.provider_imports,
        rules.simulator_imports,
        rules.row_signals,
        rules.forbidden_files,
        rules.long_files,
        rules.long_functions,
        rules.bare_signatures,
        rules.unfinished_marks,
        rules.missing_docstrings,
        rules.foreign_writes,
        rules.unsaid_writers,
    ],
    ids=lambda rule: rule.__name__,
)
def test_the_house_keeps_its_rules(rule: Rule) -> None:
    broken = rule(HOUSE)
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize(("rule", "name", "text"), PLANTS)
def test_each_rule_notices_what_breaks_it(rule: Rule, name: str, text: str, tmp_path: Path) -> None:
    _plant(tmp_path, "billing/b.py", '"""B."""\nfrom billing import a\n')
    _plant(tmp_path, name, text)
    assert rule(Tree(tmp_path))


def test_what_keeps_the_rules_passes_them(tmp_path: Path) -> None:
    text = '"""The only writer of balances."""\nimport accounts.models\n'
    _plant(tmp_path, "accounts/models.py", '"""People."""\ndef f(x: int) -> int:\n    return x\n')
    _plant(tmp_path, "billing/ledger.py", text + "Wallet.objects.filter(pk=1).update(seq=2)\n")
    _plant(tmp_path, "generator/providers/kie.py", '"""KIE."""\nimport httpx, json\n')
    rest = {rule for rule, _, _ in PLANTS} - {rules.unsaid_writers}
    assert [rule(Tree(tmp_path)) for rule in rest] == [[]] * len(rest)


def test_an_import_for_annotations_alone_makes_no_cycle(tmp_path: Path) -> None:
    lazy = '"""A."""\nif TYPE_CHECKING:\n    from billing import b\n'
    _plant(tmp_path, "billing/a.py", lazy)
    _plant(tmp_path, "billing/b.py", '"""B."""\nfrom billing import a\n')
    assert rules.import_cycles(Tree(tmp_path)) == []


def test_foreign_keys_point_left() -> None:
    assert _keys_pointing_right([m for m in apps.get_models() if m._meta.app_label in LAYERS]) == []


@isolate_apps("billing")
def test_a_foreign_key_pointing_right_is_noticed() -> None:
    class Planted(models.Model):
        generation = models.ForeignKey(Generation, models.CASCADE, related_name="+")
        user = models.ForeignKey(User, models.CASCADE, related_name="+")

        class Meta:
            app_label = "billing"

    assert _keys_pointing_right([Planted]) == [
        "billing.Planted.generation points to generator.Generation"
    ]


def _plant(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _keys_pointing_right(ours: list[type[models.Model]]) -> list[str]:
    return [
        f"{model._meta.label}.{field.name} points to {field.related_model._meta.label}"
        for model in ours
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey | models.ManyToManyField)
        and (other := field.related_model._meta.app_label) in LAYERS
        and LAYERS.index(other) > LAYERS.index(model._meta.app_label)
    ]
