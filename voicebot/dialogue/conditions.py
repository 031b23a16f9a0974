"""Conditions in flows: `order.price > 50000 and not member`. Parsed by the rule-engine package, never by eval.

Names are slots and what back ends answered; what is not there is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import rule_engine


def check(expression: str) -> None:
    """Raises ValueError, with what is wrong, where `expression` is no condition."""
    try:
        _rule(expression)
    except rule_engine.EngineError as error:
        detail = str(getattr(error, "message", "")) or "it can't be read"
        raise ValueError(
            f"`{expression}` is no condition ({detail}); write for example: order.price > 50000 and order.paid"
        ) from None


def holds(expression: str, values: Mapping[str, Any]) -> bool:
    """Whether the condition holds. Values that can't be compared don't fulfil it."""
    try:
        return bool(_rule(expression).matches(values))
    except rule_engine.EngineError:
        return False


def names(expression: str) -> frozenset[str]:
    """The names that it begins its paths with."""
    return frozenset(symbol.split(".")[0] for symbol in _rule(expression).context.symbols)


@lru_cache(maxsize=1024)
def _rule(expression: str) -> Any:
    return rule_engine.Rule(expression, context=rule_engine.Context(resolver=_resolve, default_value=None))


def _resolve(thing: Any, name: str) -> Any:
    """What a condition calls `name`: only data is looked into, never the attributes of Python's own objects."""
    known = vars(thing) if isinstance(thing, SimpleNamespace) else thing
    return _with_attributes(known.get(name)) if isinstance(known, Mapping) else None


def _with_attributes(value: Any) -> Any:
    """What a path's next name is looked up in: rule-engine reads attributes, not keys, behind a dot."""
    if isinstance(value, Mapping):
        return SimpleNamespace(**{str(key): _with_attributes(inner) for key, inner in value.items()})
    return value
