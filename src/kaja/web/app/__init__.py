"""Kaja as an installed application: its manifest, the browser's worker, and the page that stands without network."""
