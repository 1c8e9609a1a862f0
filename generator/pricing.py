"""What one output costs, from the catalogue's price rules: credits for users, micro-dollars for us.

A rule is `{"base": 20}` or `{"by": [parameter, {value: amount}]}`, with optional `times`
`{parameter: {value: factor}}`. Amounts are rounded up to whole units.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any


def _key(value: Any) -> str:
    """A parameter's value as the rules write it."""
    return str(bool(value)).lower() if isinstance(value, bool) or value is None else str(value)


def amount(rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    """The amount for one output. A value that a table misses costs the most in it."""
    if "by" in rule:
        name, table = rule["by"]
        value = Decimal(
            str(table.get(_key(parameters.get(name)), rule.get("base", max(table.values()))))
        )
    else:
        value = Decimal(str(rule.get("base", 0)))
    for name, factors in rule.get("times", {}).items():
        value *= Decimal(str(factors.get(_key(parameters.get(name)), 1)))
    return int(value.to_integral_value(ROUND_CEILING))
