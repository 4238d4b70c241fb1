"""Working hooks off in the background."""

from kaja.hooks.actions import AT_ONCE, forget_hooks, work_off
from kaja.kernel.jobs import job


@job("hooks.work_off")
def work_off_hooks() -> None:
    """Until none is left."""
    while work_off() == AT_ONCE:
        pass


@job("hooks.sweep", every="*/5 * * * *")
def sweep_hooks(timestamp: int) -> None:
    """What a job that was lost left open, and what is old."""
    work_off_hooks()  # type: ignore[operator]  # a job is also a function
    forget_hooks()
