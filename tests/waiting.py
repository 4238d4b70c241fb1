"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable
from typing import Any


def wait_until(condition: Callable[[], Any], seconds: float = 60.0, every: float = 0.05) -> Any:
    """What the condition gives once it is true; fails with the last value when it never is."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"still {value!r} after {seconds} s"
        time.sleep(every)
