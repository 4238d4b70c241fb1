"""A network more is one folder more: found, examined and shown without a line elsewhere.

The folder holds a small connector of a service that the product does not speak, after the service's official contract.
"""

import os
import re
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string

import kaja.networks
from kaja.channels.models import Channel
from kaja.config.logs import redact
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.folders import list_folders, list_static_folders, list_template_folders, list_token_shapes
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.content import Draft, Outgoing, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.kit.results import Changed, Found, Listing, RemoteRef, Sent
from kaja.networks.registry import CONNECTORS, find_connectors
from kaja.web.composer.previews import show_post
from kaja.web.templatetags.kaja import network_mark, network_name, network_styles
from kaja.workspaces.models import Workspace
from kaja.workspaces.wording import describe_grant
from tests.conformance.server import serving
from tests.contracts import open_contract
from tests.house.test_files import text_of, tracked
from tests.house.test_networks import ROOT, find_mentions
from tests.networks.contracts import find_errors
from tests.people import browser

FOLDER = Path(__file__).parent / "networks"
[OWN] = [path for path in FOLDER.iterdir() if (path / "__init__.py").exists()]
KEY = OWN.name


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Connector:
    """The product with the folder: its packages, and what settings read of it at the start."""
    assert KEY not in CONNECTORS
    monkeypatch.setattr(kaja.networks, "__path__", [*kaja.networks.__path__, str(FOLDER)])
    templates = deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] += [path for path in list_template_folders() if path not in templates[0]["DIRS"]]
    settings.TEMPLATES = templates
    settings.STATICFILES_DIRS = [settings.STATICFILES_DIRS[0], *list_static_folders()]
    found = find_connectors()[KEY]
    monkeypatch.setitem(CONNECTORS, KEY, found)
    return found


def test_it_is_found_by_its_folder_alone(connector: Connector) -> None:
    assert list_folders()[KEY] == OWN
    assert connector.info.key == KEY
    order = list(find_connectors())
    assert order[-1] == "practice", "our own network stands last"
    assert order[:-1] == sorted(order[:-1], key=lambda key: CONNECTORS[key].info.name.casefold())


def test_no_file_elsewhere_knows_it(connector: Connector) -> None:
    """Counted over everything that is tracked: product, tests, documentation, tools."""
    assert len(find_mentions(connector.info)) == 0
    spoken = re.compile(rf"\b{KEY}\b", re.IGNORECASE)
    elsewhere = [path for path in tracked() if OWN not in path.parents and spoken.search(text_of(path))]
    assert elsewhere == []
    assert [path for path in tracked() if OWN in path.parents], "and the folder itself is there"


def test_it_passes_conformance() -> None:
    """In a process of its own, in which the folder belongs to the product from the beginning."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.thirteenth.plugin", "tests/conformance", "-q", "-k", KEY]
    environment = {**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
    passed = re.search(r"(\d+) passed", told.stdout)
    assert passed, told.stdout[-1000:]
    assert int(passed[1]) >= 60
    assert "skipped" not in told.stdout.splitlines()[-1]


async def test_what_it_sends_conforms_to_the_official_contract(connector: Connector) -> None:
    described = import_module(f"kaja.networks.{KEY}.described")
    contract = open_contract(described.CONTRACT)
    copy = described.Copy()
    async with serving(copy.handle) as (_, url):
        session = Session(url, {"token": described.TOKEN, "channel": described.PLACE}, allow_private=("127.0.0.1",))
        try:
            await _send_all(connector, described.FACTS, session)
        finally:
            await close_pools()
    asked = {(request.method, re.sub(r"\d{6,}", "{}", request.path)) for request in copy.requests}
    operations = {
        (method.upper(), re.sub(r"{\w+}", "{}", path)): operation
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }
    assert len(asked) >= 5
    assert asked <= set(operations)
    judged = 0
    for request in copy.requests:
        operation = operations[request.method, re.sub(r"\d{6,}", "{}", request.path)]
        assert set(request.query) <= {each["name"] for each in operation.get("parameters", ()) if "name" in each}
        if not request.body:
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = contract["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(request.json()) <= set(schema["properties"]), "a field that the contract does not know"
        assert list(find_errors({**schema, "components": contract["components"]}, request.json())) == []
        judged += 1
    assert judged >= 3


async def _send_all(connector: Connector, facts: Facts, session: Session) -> None:
    """A post, an answer to it, looks, an edit, a deletion."""
    publisher, sent = connector.publisher, []
    assert publisher is not None
    assert connector.editor is not None
    assert connector.remover is not None
    await connector.accounts.inspect(session)
    for key, reply_to in (("1" * 32, None), ("2" * 32, RemoteRef("1190000000000000001"))):
        outgoing = Outgoing("post", key, datetime.now(UTC), "Echo", reply_to=reply_to)
        result = await publisher.run("publish", outgoing, {}, facts, session)
        assert isinstance(result, Sent), result
        assert isinstance(await publisher.find_delivery(outgoing, {}, facts, session), Found)
        sent.append(result.ref)
    recent = await publisher.list_recent(datetime.now(UTC) - timedelta(hours=1), facts, session)
    assert isinstance(recent, Listing)
    assert len(recent.posts) == 2
    changed = replace(Outgoing("post", "1" * 32, datetime.now(UTC), "Echo"), text="Echo, changed")
    assert isinstance(await connector.editor.edit(sent[0], changed, facts, session), Changed)
    assert await connector.remover.delete(sent[0], facts, session) == Changed(None)


@pytest.mark.django_db
def test_people_connect_it_and_see_its_preview(connector: Connector, workspace: Workspace) -> None:
    client, info = browser(workspace), connector.info
    chosen = client.get("/w/acme/channels/connect/").content.decode()
    assert f"/w/acme/channels/connect/{KEY}/" in chosen
    assert info.name in chosen
    page = client.get(f"/w/acme/channels/connect/{KEY}/").content.decode()
    assert [field.name for field in info.form if f'name="{field.name}"' not in page] == []
    assert page.count("<li>") >= len(info.guide)
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(
            network=KEY, account_id="1", name="Kohvik", handle="#news", facts={"limits": {"user_id": "3"}}
        )
        shown = show_post("acme", channel, Draft((Part("See https://example.org/"),)))
    assert shown.template == f"preview/{KEY}.html"
    drawn = " ".join(render_to_string(shown.template, {"post": shown}).split())
    assert f"p-{KEY}" in drawn
    assert '<span class="p-link">https://example.org/</span>' in drawn, "the connector found the link"
    listed = client.get(f"/w/acme/channels/{channel.id}/").content.decode()
    assert "can be edited and deleted" in listed


def test_marks_styles_words_and_secrets_come_along(connector: Connector) -> None:
    assert f"networks/{KEY}/mark.svg#{KEY}" in network_mark(KEY)
    assert f'id="{KEY}"' in (OWN / "screen/static/mark.svg").read_text()
    assert f"networks/{KEY}/preview.css" in network_styles()
    assert network_name(KEY) == connector.info.name
    assert [describe_grant([name]) for name in connector.info.grant_words] == [
        [words] for words in connector.info.grant_words.values()
    ]
    shapes = [line for line in (OWN / "token_shapes.txt").read_text().splitlines() if not line.startswith("#")]
    assert shapes
    assert set(shapes) <= set(list_token_shapes())
    assert redact("nothing of it is secret") == "nothing of it is secret"
