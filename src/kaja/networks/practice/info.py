"""What is true of the practice network as a whole, and what only it says: `network.toml`."""

from kaja.networks.kit.described import read_description

WORDS = read_description(__file__)
INFO = WORDS.info
USUAL_ADDRESS = next(field.default for field in INFO.form if field.name == "base_url")
