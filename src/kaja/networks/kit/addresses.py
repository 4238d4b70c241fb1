"""What may be wrong with the address of a post that a person copied out of a network."""

import re
from urllib.parse import SplitResult, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.iri import to_uri
from kaja.networks.kit.results import NoSuchPost


def parse_url(text: str) -> SplitResult | None:
    """An http(s) address with a host, or None."""
    try:
        parts = urlsplit(to_uri(text.strip()))
        parts.port  # noqa: B018 raises for a bad one
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def parse_server(typed: str, scheme: str = "https") -> SplitResult | None:
    """A server's address from what people type into a form: with or without a scheme, in any script; None for what is
    none. Its path is what they typed behind it."""
    text = typed.strip()
    parts = parse_url(text if "://" in text else f"{scheme}://{text}")
    return parts if parts is not None and not re.search(r"\s", parts.netloc) else None


def parse_own(url: str, network: str, *own: str) -> SplitResult | NoSuchPost:
    """An address on one of the account's own servers, or why it is none."""
    parts = parse_url(url)
    if parts is None:
        return NoSuchPost(no_address(network, url))
    return parts if any(is_same_host(url, each) for each in own) else NoSuchPost(not_there(network))


def is_same_host(one: str, other: str) -> bool:
    """Whether two addresses name the same server; `www.` and the scheme make no difference."""
    try:
        hosts = [urlsplit(to_uri(each)).netloc.rpartition("@")[2].lower() for each in (one, other)]
    except ValueError:
        return False
    return hosts[0].removeprefix("www.") == hosts[1].removeprefix("www.") != ""


def no_address(network: str, text: str) -> Problem:
    """What was given is not the address of a post on this network."""
    return Problem(
        "address_unknown",
        gettext_noop("“%(address)s” is not the address of a post on %(network)s."),
        field="url",
        fix=gettext_noop("Open the post on the network and copy its address from there."),
        params={"address": text.strip()[:200], "network": network},
    )


def not_there(network: str) -> Problem:
    """It is such an address, but nothing stands there."""
    return Problem(
        "post_not_there",
        gettext_noop("%(network)s has no post of this channel at this address."),
        field="url",
        fix=gettext_noop("Open the post on the network and copy its address; if it is not there, send it again."),
        params={"network": network},
    )


def of_another(network: str, handle: str) -> Problem:
    """Somebody else wrote what stands there."""
    return Problem(
        "post_of_another",
        gettext_noop("The post at this address is not by %(handle)s."),
        field="url",
        fix=gettext_noop("Give the address of a post of this channel."),
        params={"network": network, "handle": handle},
    )
