"""The garbage collector of a long-lived process."""

import gc


def settle_collector() -> None:
    """Look for garbage rarely, and never among what is loaded now: modules and thousands of rows in work are none.

    Call it once, when everything is imported.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
