"""Events between domains, delivered inside the action's own transaction.

A domain defines frozen dataclasses in its `events.py` and publishes them; only `config/wiring.py` subscribes, so that
siblings never import each other.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

E = TypeVar("E")
_handlers: dict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Call `handler` for every published `event_type`. Subscribing twice has no further effect."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


def publish(event: object) -> None:
    """Call the handlers in the order of subscription; an exception of one rolls the action back."""
    for handler in _handlers[type(event)]:
        handler(event)


def is_heard(event_type: type[Any]) -> bool:
    """Whether anybody subscribed; saves the work of telling what nobody listens to."""
    return bool(_handlers[event_type])
