"""The real servers, started once per run and ended with it."""

from collections.abc import Iterator

import pytest

from tests.realnet.servers import bluesky as bluesky_server
from tests.realnet.servers import bluesky_network as network_server
from tests.realnet.servers import snac as snac_server
from tests.realnet.servers import swift as swift_server
from tests.realnet.servers import wordpress as wordpress_server
from tests.realnet.servers.bluesky import Bluesky
from tests.realnet.servers.snac import Snac
from tests.realnet.servers.swift import Swift
from tests.realnet.servers.wordpress import WordPress
from tests.realnet.setup import cache_folder


@pytest.fixture(scope="session")
def bluesky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bluesky]:
    with bluesky_server.serve(cache_folder(), tmp_path_factory.mktemp("bluesky")) as server:
        yield server


@pytest.fixture(scope="session")
def bluesky_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bluesky]:
    with network_server.serve(cache_folder(), tmp_path_factory.mktemp("network")) as server:
        yield server


@pytest.fixture(scope="session")
def snac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snac]:
    with snac_server.serve(cache_folder(), tmp_path_factory.mktemp("snac")) as server:
        yield server


@pytest.fixture(scope="session")
def wordpress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    with wordpress_server.serve(cache_folder(), tmp_path_factory.mktemp("wordpress")) as server:
        yield server


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    with swift_server.serve(cache_folder(), tmp_path_factory.mktemp("swift")) as server:
        yield server
