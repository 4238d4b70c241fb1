"""OAuth as networks do it: PKCE, errors inside of a 200, tokens that rotate or do not, and when they are renewed."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from kaja.networks.kit import oauth
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.grants import App, is_over
from kaja.networks.kit.http import AnswerLost, Response, Session
from tests.conformance.server import Reply, Request, serving

APP = App("kaja", "the-secret")


def told(body: object, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode(), "https://social.example/token")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"access_token": "a"}, 200, ""),
        ({"data": {"access_token": "a"}, "code": 0}, 200, ""),
        ({"error": "invalid_grant", "error_description": "used"}, 400, "invalid_grant"),
        ({"error": "invalid_grant"}, 200, "invalid_grant"),
        ({"error": {"message": "expired", "code": 190}}, 200, "expired"),
        ({"data": {"error_code": 10012}, "message": "error"}, 200, "10012"),
        ({"access_token": "a", "error": "access_denied"}, 200, "access_denied"),
        ({"access_token": 7}, 200, "200"),
        ([], 200, "200"),
    ],
)
def test_an_error_is_one_whatever_the_status_says(body: object, status: int, why: str) -> None:
    token, found = oauth.read_token(told(body, status))
    assert found == why
    assert token.get("access_token") == ("a" if not why else None)


def test_the_verifier_fits_the_challenge_and_stays_here() -> None:
    asked = oauth.begin("https://social.example/authorize?x=1", APP, "https://kaja.example/back", "state", scopes="a b")
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    verifier = asked.pending["code_verifier"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert (query["code_challenge"], query["code_challenge_method"]) == (digest, "S256")
    assert (query["x"], query["scope"], query["state"], query["client_id"]) == ("1", "a b", "state", "kaja")
    assert verifier not in asked.url
    assert "the-secret" not in asked.url + str(asked.pending)


def test_tokens_that_can_be_renewed_are_renewed_before_their_end() -> None:
    session, moment = Session(), datetime.now(UTC)
    tokens = oauth.read_tokens({"access_token": "a", "refresh_token": "r", "expires_in": "3600"}, session, "who")
    assert tokens.expires_at is not None
    assert tokens.renew_at is not None
    assert moment < tokens.renew_at < tokens.expires_at <= datetime.now(UTC) + timedelta(hours=1)
    assert tokens.subject == "who"
    assert not is_over(tokens.credentials)
    assert is_over({**tokens.credentials, "ends": str(int(moment.timestamp()) + 30)})
    lasting = oauth.read_tokens({"access_token": "a", "expires_in": 60}, Session())
    assert (lasting.renew_at, lasting.expires_at is not None) == (None, True)
    endless = oauth.read_tokens({"access_token": "a"}, Session())
    assert (endless.renew_at, endless.expires_at, is_over(endless.credentials)) == (None, None, False)


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        (Reply(400, {"error": "invalid_grant"}), True),
        (Reply(200, {"error": "invalid_grant"}), True),
        (Reply(400, {"error": "temporarily_unavailable"}), False),
        (Reply(503, {}), False),
        (Reply(429, {}), False),
    ],
)
async def test_only_a_refusal_for_good_needs_a_person(reply: Reply, refused: bool) -> None:
    async def handle(request: Request) -> Reply:
        return reply

    async with serving(handle) as (_, url):
        session = Session(url, {"access_token": "a", "refresh_token": "r"}, allow_private=("127.0.0.1",), app=APP)
        with pytest.raises(ConnectRefused if refused else AnswerLost):
            await oauth.renew("/token", "Social", session)
    assert "the-secret" not in str(session.exchanges)


async def test_a_refresh_token_that_stays_is_kept_and_one_that_rotates_is_replaced() -> None:
    seen: list[dict[str, list[str]]] = []
    answers = [{"access_token": "a2"}, {"access_token": "a3", "refresh_token": "r2"}]

    async def handle(request: Request) -> Reply:
        seen.append(parse_qs(request.body.decode()))
        return Reply(200, answers.pop(0))

    async with serving(handle) as (_, url):
        session = Session(url, {"access_token": "a", "refresh_token": "r"}, allow_private=("127.0.0.1",), app=APP)
        for access, refresh in (("a2", "r"), ("a3", "r2")):
            await session.renew(lambda: oauth.renew("/token", "Social", session))
            assert (session.credentials["access_token"], session.credentials["refresh_token"]) == (access, refresh)
    assert [each["refresh_token"] for each in seen] == [["r"], ["r"]]
    assert seen[0]["client_secret"] == ["the-secret"]


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({}, "consent_refused", ""),
        ({"error": "access_denied"}, "consent_refused", ""),
        ({"error": "access_denied", "error_description": "The user said no"}, "consent_refused", ""),
        ({"error": "user_cancelled_login", "error_reason": "user_denied"}, "consent_refused", ""),
        ({"error": "invalid_scope"}, "connect_refused", "invalid_scope"),
        ({"error": "server_error", "error_description": "Come back later"}, "connect_refused", "Come back later"),
        ({"error": "other", "error_reason": "under_age"}, "connect_refused", "under_age"),
    ],
)
async def test_who_comes_back_without_a_code_is_told_why(answer: dict[str, str], code: str, said: str) -> None:
    """One rule, whether the room asks or a connector: a person's no, or the network's own words."""
    with pytest.raises(ConnectRefused) as refused:
        await oauth.exchange("/token", "Some", APP, {**answer, "state": "s"}, {}, Session())
    assert refused.value.problem == oauth.refuse_consent("Some", answer)
    assert refused.value.problem.code == code
    assert refused.value.problem.params == ({"answer": said} if said else {"network": "Some"})


@pytest.mark.parametrize(
    ("reply", "pkce"),
    [
        (Reply(200, {"code_challenge_methods_supported": ["plain", "S256"]}), True),
        (Reply(200, {"code_challenge_methods_supported": "S256"}), False),
        (Reply(200, {}), False),
        (Reply(404, b"<html>"), False),
    ],
)
async def test_a_server_says_what_it_understands(reply: Reply, pkce: bool) -> None:
    async def handle(request: Request) -> Reply:
        assert request.path == "/.well-known/oauth-authorization-server"
        return reply

    async with serving(handle) as (_, url):
        assert oauth.has_pkce(await oauth.fetch_metadata(url, Session(allow_private=("127.0.0.1",)))) is pkce


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ("write", ""),
        ("read write:posts write:media", ""),
        ("", ""),
        ("read write:media", "write:posts"),
        ("read", "both"),
    ],
)
def test_a_consent_that_gives_too_little_is_refused(granted: str, missing: str) -> None:
    needed = (("write:posts", "write"), ("write:media", "write"))
    if not missing:
        assert oauth.require_scopes(granted, *needed) == tuple(granted.split())
        return
    with pytest.raises(ConnectRefused) as refused:
        oauth.require_scopes(granted, *needed)
    said = refused.value.problem.params["missing"]
    assert said == (missing if missing != "both" else "write:posts, write:media")
