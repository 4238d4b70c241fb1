"""Mastodon and compatible servers. Facts and limits with their sources: docs/networks/mastodon.md."""

from kaja.networks.mastodon.connector import Mastodon

__all__ = ["Mastodon"]
