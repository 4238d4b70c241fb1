"""The old address of `kaja.kernel.times`."""

from kaja.kernel.times import ResolvedTime, local_day, move_to_day, resolve_local

__all__ = ["ResolvedTime", "local_day", "move_to_day", "resolve_local"]
