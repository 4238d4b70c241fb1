"""The worker process: the delivery engine and the background jobs in one event loop. See `main.main`."""
