"""The networks' own machine-readable contracts, as judges of what the connectors send.

A request passes when its operation exists, every field and parameter that it sends is one that the contract knows, and
every value fits the contract's schema. What a contract cannot say is not checked here: lengths, states, permissions.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from tests.conformance.server import Request
from tests.contracts import open_contract


def find_errors(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """What a JSON schema says against a value."""
    for error in jsonschema_rs.validator_for(dict(schema), validate_formats=True).iter_errors(value):
        yield f"{'/'.join(map(str, error.instance_path))}: {error.message}"


class MastodonContract:
    """The OpenAPI document generated from docs.joinmastodon.org."""

    # The documentation of POST /api/v1/apps says "String or Array of Strings" (read 2026-11-22); the document, array.
    # The documentation writes nested parameters as in forms ("media_attributes[]"); in JSON they are lists of objects.
    LIBERTIES: Mapping[tuple[str, str], Mapping[str, Any]] = {
        ("POST", "/api/v1/apps"): {"redirect_uris": {"type": ["string", "array"]}},
        ("PUT", "/api/v1/statuses/{id}"): {
            "media_attributes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id"],
                    "additionalProperties": False,
                    "properties": {"id": {"type": "string"}, "description": {"type": "string"}},
                },
            }
        },
    }

    def __init__(self) -> None:
        self._document = open_contract("mastodon/dist/schema.json")

    def find_violations(self, request: Request) -> list[str]:
        """Everything that the contract has against a request; empty when it conforms."""
        template, operation = self._find_operation(request)
        if operation is None:
            return [f"no operation {request.method} {request.path}"]
        known = {(p["in"], p["name"]): p.get("schema", {}) for p in operation.get("parameters", [])}
        found = [f"unknown parameter {name}" for name in request.query if ("query", name) not in known]
        content = operation.get("requestBody", {}).get("content", {})
        if request.headers.get("content-type", "").startswith("multipart/"):
            fields = set(re.findall(rb'Content-Disposition: form-data; name="([^"]+)"', request.body))
            schema = content.get("multipart/form-data", {}).get("schema", {})
            names = {name.encode() for name in schema.get("properties", {})}
            found += [f"unknown form field {name!r}" for name in fields - names]
            found += [f"missing {name}" for name in schema.get("required", []) if name.encode() not in fields]
        elif request.body:
            found += self._judge_body(content["application/json"]["schema"], template, request)
        return found

    def _judge_body(self, schema: Mapping[str, Any], template: str, request: Request) -> Iterator[str]:
        liberties = self.LIBERTIES.get((request.method, template), {})
        body = dict(request.json())
        for name, own in liberties.items():
            if name in body:
                yield from find_errors(own, body.pop(name))
        if "oneOf" in schema:
            # A text with files fits both of the document's branches, which the documentation allows.
            schema = {"anyOf": schema["oneOf"]}
        names = set(self._names(schema))
        for name in body:
            if name not in names:
                yield f"unknown field {name}"
        required = [name for name in schema.get("required", []) if name not in liberties]
        whole = {**schema, "components": self._document["components"]} | ({"required": required} if required else {})
        yield from find_errors(whole, body)

    def _names(self, schema: Mapping[str, Any]) -> Iterator[str]:
        if "$ref" in schema:
            node: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                node = node[step]
            yield from self._names(node)
        yield from schema.get("properties", {})
        for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            yield from self._names(part)

    def _find_operation(self, request: Request) -> tuple[str, Any]:
        paths = self._document["paths"]
        # A literal path wins over one with places: /api/v1/accounts/verify_credentials, /api/v1/accounts/{id}.
        for template in sorted(paths, key=lambda path: path.count("{")):
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if re.fullmatch(pattern, request.path) and request.method.lower() in paths[template]:
                return template, paths[template][request.method.lower()]
        return "", None


class WordPressContract:
    """The REST index that a WordPress gives of itself: routes, methods and the schema of every argument."""

    def __init__(self, index: Mapping[str, Any]) -> None:
        self._routes = index["routes"]

    def find_violations(self, request: Request) -> list[str]:
        """Everything that the contract has against a request; empty when it conforms."""
        route = request.path.removeprefix("/wp-json").rstrip("/") or "/"
        arguments = self._find_arguments(route, request.method)
        if arguments is None:
            return [f"no operation {request.method} {route}"]
        sent: dict[str, Any] = {name: _typed(value, arguments.get(name, {})) for name, value in request.query.items()}
        if request.headers.get("content-type", "").startswith("multipart/"):
            fields = re.findall(rb'form-data; name="([^"]+)"', request.body)
            for name in (field.decode() for field in fields if field != b"file"):
                # PHP reads "title[raw]" as a field inside another.
                outer, _, inner = name.rstrip("]").partition("[")
                sent[outer] = {inner: ""} if inner else ""
        elif request.body:
            sent |= request.json()
        # _fields and context are global parameters of every route (REST API handbook, Global Parameters).
        found = [f"unknown argument {name}" for name in sent if name not in arguments and name != "_fields"]
        found += [f"missing {name}" for name, rule in arguments.items() if rule.get("required") and name not in sent]
        for name, value in sent.items():
            found += [f"{name} {error}" for error in find_errors(_clean(arguments.get(name, {})), value)]
        return found

    def _find_arguments(self, route: str, method: str) -> Any:
        for template, entry in self._routes.items():
            if re.fullmatch(template.replace("(?P<", "(?P<x"), route):
                for endpoint in entry["endpoints"]:
                    if method in endpoint["methods"]:
                        return endpoint["args"] or {}
        return None


def _clean(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """WordPress' schemas are JSON Schema draft 4 with `required` on the property and no closed objects: close them."""
    kept = {name: value for name, value in rule.items() if name in ("type", "enum", "items", "minimum", "maximum")}
    if isinstance(rule.get("properties"), Mapping):
        kept["properties"] = {name: _clean(inner) for name, inner in rule["properties"].items()}
        kept["additionalProperties"] = False
    return kept


def _typed(value: str, rule: Mapping[str, Any]) -> Any:
    """A query value as WordPress reads it: numbers as such, lists with commas between."""
    kinds = rule.get("type", "string")
    if "array" in kinds:
        return [_typed(item, rule.get("items", {})) for item in value.split(",")]
    return int(value) if kinds == "integer" and value.lstrip("-").isdigit() else value
