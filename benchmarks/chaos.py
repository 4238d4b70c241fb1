"""The long storm: `python benchmarks/chaos.py [--posts 50000] [--replies 2000] [--acts 200] [--seed 1]`; see
tests/chaos for the short one."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
django.setup()

from tests.chaos.storm import PACE, Storm  # noqa: E402
from tests.chaos.world import World  # noqa: E402

POSTS_PER_SECOND = 25


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--replies", type=int, default=0, help="answers to what people wrote, beside the posts")
    parser.add_argument("--acts", type=int, default=0, help="likes and the like, beside them")
    parser.add_argument("--channels", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="kaja-chaos-"))
    world = World(folder, PACE)
    said = time.monotonic()

    def say(line: str) -> None:
        nonlocal said
        if time.monotonic() - said > 15:
            said = time.monotonic()
            print(line, flush=True)

    try:
        seconds = (options.posts + options.replies + options.acts) / POSTS_PER_SECOND
        storm = Storm(
            world, options.seed, options.posts, options.channels, seconds, workers=3, replies=options.replies,
            acts=options.acts,
        )  # fmt: skip
        count = storm.run(limit=seconds * 2 + 600, restarts=max(2, int(seconds / 60)), say=say)
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(count.report())
    for name, texts in (("lost", count.lost), ("duplicates", count.duplicates), ("stuck", count.stuck)):
        print(*(f"{name}: {text}" for text in texts[:20]), sep="\n")
    return 1 if count.lost or count.duplicates or count.stuck or count.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
