"""For a pytest of its own: the networks of this folder belong to the product. Loaded before settings and connectors."""

from pathlib import Path

import kaja.networks

FOLDER = Path(__file__).parent / "networks"

kaja.networks.__path__.append(str(FOLDER))
