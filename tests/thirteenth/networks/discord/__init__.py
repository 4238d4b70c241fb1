"""Discord: posts of a bot in one channel. Official contract: discord/discord-api-spec, openapi.json, v10."""

from kaja.networks.discord import accounts, publisher
from kaja.networks.discord.info import INFO
from kaja.networks.discord.rules import RULES

from kaja.networks.kit.connector import Connector

CONNECTOR = Connector(INFO, accounts, RULES, publisher, editor=publisher, remover=publisher)
