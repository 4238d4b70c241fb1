"""`python -m tests.fuzz [SECONDS] [SEED]`: damage files for every decoder until the time is over.

What ends in anything but a result or a reason is kept in a folder, with the command's exit code 1.
"""

import sys
import tempfile
import time
import traceback
from pathlib import Path

from django.conf import settings

from tests.fuzz.decoders import DECODERS, list_damaged


def main(seconds: float, seed: int) -> int:
    settings.configure(USE_I18N=False)
    kept = Path(tempfile.mkdtemp(prefix="kaja-fuzz-"))
    bad = 0
    for name, decoder in DECODERS.items():
        end = time.monotonic() + seconds / len(DECODERS)
        number = taken = 0
        for data in list_damaged(decoder, seed):
            if time.monotonic() > end:
                break
            number += 1
            try:
                decoder.read(data)
                taken += 1
            except decoder.reasons:
                pass
            except Exception:  # noqa: BLE001 - exactly what is looked for
                bad += 1
                (kept / f"{name}-{number}").write_bytes(data)
                traceback.print_exc()
        print(f"{name}: {number} files, {taken} taken, the rest refused with a reason", flush=True)
    print(f"seed {seed}: {bad} without a reason" + (f", kept in {kept}" if bad else ""))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
