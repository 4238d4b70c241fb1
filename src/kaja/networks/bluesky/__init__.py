"""Bluesky and every other atproto server (PDS)."""

from kaja.networks.bluesky.connector import Bluesky

CONNECTOR = Bluesky()

__all__ = ["CONNECTOR", "Bluesky"]
