"""WordPress. Facts and limits with their sources: docs/networks/wordpress.md."""

from kaja.networks.wordpress.connector import WordPress

CONNECTOR = WordPress()

__all__ = ["CONNECTOR", "WordPress"]
