"""The worker process: the delivery engine and the background jobs in one event loop."""

from kaja.publishing.worker.main import main

__all__ = ["main"]
