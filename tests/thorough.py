"""How often a race is run: often enough to be lost every time when a lock is missing, or, at night, ten times that."""

import os

THOROUGH = "KAJA_THOROUGH"


def times(usual: int, at_night: int) -> int:
    return at_night if os.environ.get(THOROUGH) else usual
