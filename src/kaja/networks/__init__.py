"""Connectors: plain typed Python, one package per network, no Django."""
