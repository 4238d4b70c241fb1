"""What waits for a person, from every domain."""

from kaja.workspaces.models import Member


def count_needs_you(member: Member) -> int:
    """How many things wait, for the number in the frame."""
    return 0
