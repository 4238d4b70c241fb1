"""The practice network as its own process, and a client of it that is not Kaja's."""

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class Answer:
    """What came back: status, headers by lower-case name, bytes."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.content = response.read()

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)

    def error(self) -> dict[str, str]:
        return dict(self.json()["error"])


class PracticeServer:
    """A running practice network over `folder`; end it with `stop`."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "kaja.practice", "--port", str(port), "--data", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        ready = self.process.stdout.readline().split()
        assert ready[:1] == ["READY"], ready
        self.url = ready[1]
        self.port = urlsplit(self.url).port or 0

    @property
    def key(self) -> str:
        """What Kaja shows to administer it and to make accounts."""
        return (self.folder / "key").read_text()

    @property
    def access(self) -> dict[str, str]:
        """What the connector is given by Kaja beside the form."""
        return {"key": self.key, "workspace": ""}

    def adopt(self, settings: Any) -> None:
        """Make it the practice network of this installation."""
        settings.PRACTICE_URL, settings.PRACTICE_KEY = self.url, self.key

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> int:
        self.process.kill()
        return self._ended()

    def _ended(self) -> int:
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        timeout: float = 20,
    ) -> Answer:
        """One call on a connection of its own. `body` is bytes, or something for JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        keyed = {"X-Practice-Key": self.key} if path.startswith(("/admin/", "/api/v1/accounts")) else {}
        sent = {**keyed, **({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, content, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def account(self, name: str, kind: str = "plain", workspace: str = "") -> str:
        """A token for the account."""
        body = {"name": name, "kind": kind, "workspace": workspace}
        return str(self.call("POST", "/api/v1/accounts", body).json()["token"])

    def post(self, token: str, text: str, **more: Any) -> Answer:
        headers = more.pop("headers", None)
        return self.call("POST", "/api/v1/posts", {"text": text, **more}, token=token, headers=headers)

    def upload(self, token: str, content: bytes = PNG, alt: str = "") -> Answer:
        return self.call("POST", f"/api/v1/media?{urlencode({'alt': alt})}", content, token=token)

    def set_mood(self, mood: str, **more: Any) -> dict[str, Any]:
        """How the audience is from now on; a story from its beginning."""
        answer = self.call("PUT", "/admin/audience", {"mood": mood, **more})
        assert answer.status == 200, answer.text
        return dict(answer.json())

    def plant(self, account: str, *entries: Mapping[str, Any], **more: Any) -> list[str]:
        """What the audience says to the account at once, and the ids of it. With `entries` exactly these (`stream`,
        `person` or `name`, `text`, `parent`, `post`, `age`, `state`, `rating` ...); without, `people` say `count`
        things in a `stream`. Nobody is told by a hook unless `told`."""
        body = {"account": account, **more, **({"entries": list(entries)} if entries else {})}
        answer = self.call("POST", "/admin/audience/entries", body, timeout=120)
        assert answer.status == 201, answer.text
        return list(answer.json()["ids"])

    def sign(self, account: str, *signs: Mapping[str, Any], **more: Any) -> list[str]:
        """Likes, shares, followers, and taking them back; gives their ids."""
        given = {"account": account, "signs": list(signs), **more}
        told = self.call("POST", "/admin/audience/signs", given)
        assert told.status == 201, told.text
        return list(told.json()["ids"])

    def read(self, token: str, stream: str = "comments", after: int = 0) -> list[dict[str, Any]]:
        """One page of a stream."""
        return list(self.call("GET", f"/api/v1/account/{stream}?after={after}&limit=100", token=token).json()[stream])

    def set_faults(self, account: str = "*", seed: int = 0, **faults: Mapping[str, Any]) -> None:
        answer = self.call("PUT", "/admin/faults", {"account": account, "seed": seed, "faults": faults})
        assert answer.status == 200, answer.text

    def truth(self, account: str | None = None, contains: str = "") -> list[dict[str, Any]]:
        """Every stored object, whatever lists say."""
        query = {"contains": contains, **({"account": account} if account else {})}
        return list(self.call("GET", f"/admin/truth?{urlencode(query)}").json()["objects"])

    def counts(self) -> dict[str, dict[str, int]]:
        return dict(self.call("GET", "/admin/log").json()["counts"])

    def revoke(self, account: str) -> None:
        assert self.call("POST", f"/admin/accounts/{quote(account)}/revoke").status == 204

    def reset(self) -> None:
        assert self.call("POST", "/admin/reset").status == 204
