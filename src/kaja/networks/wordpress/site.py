"""Finding a site's REST API, and what the site and the account say about themselves.

Discovery: https://developer.wordpress.org/rest-api/using-the-rest-api/discovery/, read 2026-11-22: a Link header on the
front page, else the usual places. Application passwords: in WordPress since 5.6 (December 2020).
"""

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from kaja.networks.kit.addresses import parse_server
from kaja.networks.kit.answers import read_list, read_mapping, read_object
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import connecting, require_filled
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.markup import find_link, parse_html
from kaja.networks.kit.outcome import raise_trouble
from kaja.networks.wordpress.api import NETWORK, REST
from kaja.networks.wordpress.info import WORDS

_API_REL = "https://api.w.org/"
PERMISSIONS = ("publish_posts", "upload_files", "edit_posts", "manage_categories", "delete_posts", "moderate_comments")
TERM_PAGES = 3
TERM_PAGE = 100


def parse_site(typed: str) -> str:
    """The address of a site from what people type. Raises ConnectRefused."""
    if (parts := parse_server(typed)) is None:
        raise WORDS.refuse("site_invalid", typed=typed.strip().rsplit("@", 1)[-1][:100])
    path = re.sub(r"/wp-(?:admin|login\.php|json)\b.*$", "", parts.path).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


async def discover(site: str, session: Session) -> tuple[str, Mapping[str, Any]]:
    """The REST root and its index. Raises ConnectRefused when there is none, TransportError when nothing answers."""
    candidates = []
    # What answers here may be anything, also a server that closes kept connections without notice.
    alone = {"Connection": "close"}
    front = await session.request("GET", f"{site}/", headers={"Accept": "text/html", **alone}, authorized=False)
    if named := find_link(front, _API_REL):
        candidates.append(urljoin(front.url, named))
    base = front.url.split("?")[0].rstrip("/") if front.ok else site
    candidates += [f"{base}/wp-json/", f"{base}/?rest_route=/"]
    for candidate in dict.fromkeys(candidates):
        root = _keep_encrypted(candidate, site)
        answer = await session.request("GET", root, headers=alone, authorized=False)
        index = answer.json_object() if answer.ok else {}
        if "wp/v2" in (index.get("namespaces") or ()):
            return answer.url if "rest_route=" in answer.url else answer.url.split("?")[0], index
    raise WORDS.refuse("not_wordpress", site=site)


def _keep_encrypted(root: str, site: str) -> str:
    """A site behind a proxy may name itself with http although it was reached with https."""
    same = urlsplit(root).hostname == urlsplit(site).hostname
    if same and site.startswith("https://") and root.startswith("http://"):
        return "https://" + root.removeprefix("http://")
    return root


@connecting("site")
async def connect(form: Mapping[str, str], shown: Mapping[str, str], session: Session) -> Connected:
    """Check the site and the application password. Raises ConnectRefused with the field of the form."""
    site = parse_site(form.get("site", ""))
    credentials = {name: require_filled(form, name) for name in ("username", "password")}
    root, index = await discover(site, session)
    if "application-passwords" not in read_mapping(index.get("authentication")):
        raise WORDS.refuse("application_passwords_off", site=site)
    session.base_url = root
    session.credentials = credentials
    return Connected(await inspect(session), credentials, root)


async def inspect(session: Session) -> Facts:
    """Who the account is and what it may do. Raises ConnectRefused, or TransportError for the moment."""
    index = read_object(await _get(session, "/"))
    user = read_object(await _get(session, "/wp/v2/users/me", context="edit"), "id")
    capabilities = read_mapping(user.get("capabilities"))
    permissions = tuple(name for name in PERMISSIONS if capabilities.get(name))
    if "publish_posts" not in permissions:
        raise WORDS.refuse("permission_publish", user=str(user.get("name") or session.credentials["username"]))
    home = str(index.get("home") or index.get("url") or session.base_url)
    parts = urlsplit(home)
    place = f"{parts.netloc}{parts.path.rstrip('/')}"
    categories, all_categories = await _list_terms(session, "categories")
    tags, _ = await _list_terms(session, "tags")
    avatars = read_mapping(user.get("avatar_urls"))
    return Facts(
        account_id=f"{place}#{user['id']}",
        handle=place,
        name=html.unescape(str(index.get("name") or place)),
        url=home,
        avatar_url=str(index.get("site_icon_url") or avatars.get("96") or ""),
        limits={
            "user_id": user["id"],
            "user_name": str(user.get("name") or ""),
            "roles": list(user.get("roles") or ()),
            "all_categories_listed": all_categories,
        },
        permissions=permissions,
        terms={"categories": categories, "tags": tags},
    )


async def _list_terms(session: Session, taxonomy: str) -> tuple[tuple[str, ...], bool]:
    """Names, the most used first, and whether these are all."""
    names: list[str] = []
    for page in range(1, TERM_PAGES + 1):
        how: dict[str, str | int] = {"per_page": TERM_PAGE, "orderby": "count", "order": "desc", "_fields": "id,name"}
        answer = await _get(session, f"/wp/v2/{taxonomy}", page=page, **how)
        names += [html.unescape(str(term.get("name"))) for term in read_list(answer)]
        if page >= int(answer.headers.get("x-wp-totalpages") or 1):
            return tuple(names), True
    return tuple(names), False


async def _get(session: Session, route: str, **params: str | int) -> Response:
    answer = await REST.request(session, "GET", route, params=params)
    if answer.status in (401, 403):
        message = parse_html(str(answer.json_object().get("message") or answer.status))
        raise WORDS.refuse("needs_reconnect", answer=message[:300])
    if not answer.ok:
        raise_trouble(NETWORK, answer)
    return answer
