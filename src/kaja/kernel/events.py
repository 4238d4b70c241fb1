"""Events between domains, delivered inside the action's own transaction.

A domain defines frozen dataclasses in its `events.py` and publishes them; only `config/wiring.py` subscribes, so that
siblings never import each other.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

E = TypeVar("E")
_handlers: dict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)
_of_many: dict[type[Any], list[Callable[[Sequence[Any]], None]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Call `handler` for every published `event_type`. Subscribing twice has no further effect."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


def subscribe_to_many(event_type: type[E], handler: Callable[[Sequence[E]], None]) -> None:
    """The same for events of which thousands are published at once: `handler` gets as many as there are together, and
    is called before those that take one at a time."""
    if handler not in _of_many[event_type]:
        _of_many[event_type].append(handler)


def publish(event: object) -> None:
    """Call the handlers in the order of subscription; an exception of one rolls the action back."""
    publish_many([event])


def publish_many(events: Sequence[object]) -> None:
    """The same for events that became known together, type by type."""
    by_type: dict[type[Any], list[object]] = {}
    for event in events:
        by_type.setdefault(type(event), []).append(event)
    for event_type, its in by_type.items():
        for handle_many in _of_many[event_type]:
            handle_many(its)
        for event in its:
            for handler in _handlers[event_type]:
                handler(event)


def is_heard(event_type: type[Any]) -> bool:
    """Whether anybody subscribed; saves the work of telling what nobody listens to."""
    return bool(_handlers[event_type] or _of_many[event_type])
