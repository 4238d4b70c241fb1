"""The practice network: Kaja's own small server, reached over HTTP like every other network."""

from kaja.networks.practice.connector import Practice

CONNECTOR = Practice()

__all__ = ["CONNECTOR", "Practice"]
