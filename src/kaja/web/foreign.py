"""Addresses that a network or a stranger's page gave: only those of the web become links and pictures."""

from kaja.networks.kit.addresses import parse_url


def web_address(address: object) -> str:
    """The address in ASCII when it is one of http or https with a host, else nothing: no script, no file, no data."""
    text = str(address or "").strip()
    parts = parse_url(text) if not any(character < " " for character in text) else None
    return parts.geturl() if parts is not None else ""
