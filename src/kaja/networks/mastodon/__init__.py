"""Mastodon and compatible servers. Facts and limits with their sources: docs/networks/mastodon.md."""

from kaja.networks.mastodon.connector import Mastodon

CONNECTOR = Mastodon()

__all__ = ["CONNECTOR", "Mastodon"]
