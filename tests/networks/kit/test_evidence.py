"""What is written down of an exchange never holds a secret."""

import base64
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.kit.evidence import MARK, Redactor
from kaja.networks.kit.http import Session
from tests.conformance.server import Reply, Request, serving

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=6, max_size=60).filter(
    lambda secret: secret not in MARK  # a part of the mark itself would be found in every mark
)


@given(secret=SECRETS, around=st.text(max_size=30))
def test_hides_a_credential_in_every_spelling(secret: str, around: str) -> None:
    redactor = Redactor([secret])
    for spelling in (
        secret,
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
        json.dumps(secret, ensure_ascii=False)[1:-1],
    ):
        hidden = redactor.trim(f"§{spelling}§")
        assert spelling not in hidden
    assert redactor.hide("nothing to see") == "nothing to see" or secret in "nothing to see"


def test_hides_tokens_that_nobody_named() -> None:
    """A token that a server hands out is secret before it becomes a credential."""
    body = json.dumps({"accessJwt": "eyJa.b.c", "refresh_token": 'q"uo', "client_secret": "x", "text": "Token economy"})
    hidden = Redactor().trim(body)
    for secret in ("eyJa", "uo", '"x"'):
        assert secret not in hidden
    assert "Token economy" in hidden
    assert "abc" not in Redactor().trim("grant_type=authorization_code&code=abc&refresh_token=abc&x=1")
    assert Redactor().url("https://u:p@h.test/a?access_token=abc&x=1#frag") == (
        "https://h.test/a?access_token=[hidden]&x=1"
    )
    assert "abcdefgh" not in Redactor().trim("Authorization: Bearer abcdefgh.ijkl")
    assert '"code":"rest_forbidden"' in Redactor().trim('{"code":"rest_forbidden"}'), "an error code is no secret"


@given(
    secret=SECRETS,
    values=st.lists(
        st.lists(st.sampled_from(["code=", "=", "&", "Bearer ", "abcdefgh", "token", '"', ":", " ", "\n", "x"])).map(
            "".join
        ),
        max_size=3,
    ),
    place=st.integers(0, 3),
)
def test_headers_are_hidden_as_each_by_itself(secret: str, values: list[str], place: int) -> None:
    """They are looked at together first, because most have nothing to hide."""
    redactor = Redactor([secret])
    values.insert(place, f"a{secret}b")
    for shown in (values, [value for value in values if secret not in value]):
        headers = dict(zip(("date", "location", "server", "x-request-id"), shown, strict=False))
        assert redactor.headers(headers) == {name: redactor.hide(value)[:200] for name, value in headers.items()}
        assert secret not in "".join(redactor.headers(headers).values())


def test_a_secret_is_hidden_before_the_text_is_cut() -> None:
    secret = "0123456789" * 10
    hidden = Redactor([secret]).trim("x" * 450 + secret)
    assert "01234" not in hidden


async def test_secrets_that_become_known_later_are_hidden_in_what_was_written_before() -> None:
    async def hand_out(request: Request) -> Reply:
        return Reply(200, {"value": "handed-out-0123456789"}, {"Location": "/?x=handed-out-0123456789"})

    async with serving(hand_out) as (_, url):
        session = Session(url, {"password": "planted-password", "username": "alice"}, allow_private=("127.0.0.1",))
        session.use_basic("alice", "planted-password")
        answer = await session.request("GET", "/", params={"q": "planted-password", "user": "alice"})
        assert "handed-out" in repr(session.exchanges)
        session.use_credentials({**session.credentials, "token": answer.json()["value"]})
    evidence = repr(session.exchanges)
    assert session.credentials["token"] == "handed-out-0123456789"
    assert "handed-out" not in evidence
    assert "planted-password" not in evidence
    assert "alice" in evidence, "a name is no secret"
    assert "planted-password" not in repr(session)
