"""The catalogue's price rules as form fields, one a price, and the warnings that belong to them."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from django import forms
from django.utils import timezone

from generator import pricing
from generator.models import Model, Route

INCOME = 0.000725
"""Dollars a credit earns at least (Pro: $29 for 40,000): below cost ÷ this a price loses money."""
SUNSET = timedelta(days=60)
MICROS = 1_000_000
MOST = 200


@dataclass(frozen=True)
class Cell:
    """One number of a rule: the form field's name and label, and where in the rule it stands."""

    name: str
    label: str
    path: tuple[Any, ...]
    value: Any
    is_factor: bool = False


def cells(rule: Mapping[str, Any], unit: str) -> Iterator[Cell]:
    """Every number of a rule, in its own order; `unit` names what the amounts are."""
    if "base" in rule:
        yield Cell("cell_base", f"One output, {unit}", ("base",), rule["base"])
    if "by" in rule:
        parameter, table = rule["by"]
        for number, (value, amount) in enumerate(table.items()):
            label = f"{parameter.capitalize()} {value}, {unit}"
            yield Cell(f"cell_by_{number}", label, ("by", 1, value), amount)
    for parameter, factors in rule.get("times", {}).items():
        for number, (value, factor) in enumerate(factors.items()):
            yield Cell(
                f"cell_times_{parameter}_{number}",
                f"Times, with {parameter} {value}",
                ("times", parameter, value),
                factor,
                is_factor=True,
            )


def field(cell: Cell, scale: int) -> forms.Field:
    """The form field of a cell; amounts are shown divided by `scale`."""
    if cell.is_factor:
        return forms.FloatField(label=cell.label, initial=cell.value, min_value=0, required=True)
    if scale == 1:
        return forms.IntegerField(label=cell.label, initial=cell.value, min_value=0, required=True)
    return forms.DecimalField(
        label=cell.label,
        initial=Decimal(str(cell.value)) / scale,
        min_value=0,
        max_digits=12,
        decimal_places=6,
        required=True,
    )


def filled(
    rule: Mapping[str, Any], unit: str, scale: int, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """The rule with the numbers that the form brought."""
    changed = copy.deepcopy(dict(rule))
    for cell in cells(rule, unit):
        if cell.name not in answers:
            continue
        place: Any = changed
        for step in cell.path[:-1]:
            place = place[step]
        answer = answers[cell.name]
        number = answer if cell.is_factor else int(answer * scale)
        place[cell.path[-1]] = int(number) if float(number).is_integer() else number
    return changed


def is_rule(rule: Any) -> bool:
    """Whether this is a rule that `pricing.amount` can read."""
    if not isinstance(rule, dict):
        return False
    try:
        pricing.amount(rule, {})
        return bool(list(cells(rule, ""))) or rule == {}
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return False


def _choices(rule: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every parameter that moves the amount, with its values."""
    found: dict[str, list[str]] = {}
    if "by" in rule:
        found[rule["by"][0]] = list(rule["by"][1])
    for parameter, factors in rule.get("times", {}).items():
        found.setdefault(parameter, []).extend(factors)
    return found


def _combinations(*rules: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    """Every combination of values that the rules tell apart."""
    choices: dict[str, list[str]] = {}
    for rule in rules:
        for parameter, values in _choices(rule).items():
            known = choices.setdefault(parameter, [])
            known.extend(value for value in values if value not in known)
    rows = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return [row for row, _ in zip(rows, range(MOST), strict=False)]


def margin_warnings(model: Model, routes: Iterable[Route]) -> list[str]:
    """Where the price in credits does not earn what a route costs; one line each."""
    found = []
    for route in routes:
        if not route.enabled or not is_rule(route.costs) or not is_rule(model.prices):
            continue
        for values in _combinations(model.prices, route.costs):
            price = pricing.amount(model.prices, values)
            needed = math.ceil(pricing.amount(route.costs, values) / MICROS / INCOME)
            if price < needed:
                named = ", ".join(f"{name} {value}" for name, value in values.items())
                found.append(
                    f"{price:,} credits{f' ({named})' if named else ''} by {route.provider}: "
                    f"{needed:,} would cover its cost on the Pro plan"
                )
    return found


def sunset_warnings(routes: Iterable[Route], today: date | None = None) -> list[str]:
    """Which routes end soon, or have ended; one line each."""
    today = today or timezone.now().date()
    return [
        f"{route.provider} {'ended' if route.sunset < today else 'ends'} {route.upstream_model} "
        f"on {route.sunset:%d %B %Y}"
        for route in routes
        if route.sunset and route.sunset <= today + SUNSET
    ]
