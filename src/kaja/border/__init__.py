"""The border around foreign decoders: `run_bounded` lets another process read what a stranger made.

Pictures, films, pages, feeds, archives: whatever decodes bytes from outside runs behind it, bounded in memory and time.
Plain Python; it knows nothing of what is decoded.
"""

from kaja.border.pool import end_outposts, run_bounded
from kaja.border.reasons import Declined, ForeignTrouble

__all__ = ["Declined", "ForeignTrouble", "end_outposts", "run_bounded"]
