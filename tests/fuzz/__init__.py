"""Damaged on purpose: what strangers send, with bytes changed. Bounded in the suite; `python -m tests.fuzz` goes on."""
