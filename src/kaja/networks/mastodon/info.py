"""What is true of Mastodon as a whole, and what only it says: `network.toml`."""

from kaja.networks.kit.described import read_description

WORDS = read_description(__file__)
INFO = WORDS.info
