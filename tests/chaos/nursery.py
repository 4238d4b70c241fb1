"""Forks workers on demand from a process that has loaded everything: a killed worker is replaced at once.

Each worker is a process of its own that runs the very `main` of `kaja worker`. One line "start" on standard input gives
one line with the new process's id.
"""

import contextlib
import os
import signal
import sys
import traceback

import django


def run() -> None:
    django.setup()
    from kaja.delivery.worker.main import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the dead
    made = []
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Their standard input and output belong to the nursery.
            empty = os.open(os.devnull, os.O_RDWR)
            os.dup2(empty, 0)
            os.dup2(2, 1)
            status = 1
            try:
                main()
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
            except BaseException:  # noqa: BLE001 - whatever it was, the log shows it and the process ends
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        made.append(pid)
        print(pid, flush=True)
    # Whoever asked for them is gone, perhaps without a word: nobody outlives the test.
    for pid in made:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    run()
