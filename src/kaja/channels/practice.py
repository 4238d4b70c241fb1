"""The practice network of this installation: where it is, and the key between it and Kaja.

A practice channel leads there and nowhere else: its address is on this machine, where connectors may otherwise not go.
"""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.networks.kit.egress import origin_of
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.models import Workspace


def is_here(base_url: str) -> bool:
    """Whether an address is that of this installation's practice network."""
    return origin_of(base_url) == origin_of(settings.PRACTICE_URL)


def fill_form(network: str, form: Mapping[str, str]) -> dict[str, str]:
    """The connect form with the one address that it may lead to (the form's own default means that one, too). Raises
    Refused for another."""
    given = str(form.get("base_url") or "").strip()
    address = given if "://" in given else f"http://{given}"
    usual = {field.default for field in CONNECTORS[network].info.form if field.name == "base_url"}
    if given in ("", *usual) or is_here(address):
        return {**form, "base_url": settings.PRACTICE_URL}
    raise Refused(
        Problem(
            "practice_elsewhere",
            gettext_noop("A practice channel is on the practice network of this Kaja, not at %(address)s."),
            field="base_url",
            fix=gettext_noop("Leave the address as it is: %(here)s."),
            params={"address": given[:200], "here": settings.PRACTICE_URL},
        )
    )


def make_access(workspace: Workspace) -> dict[str, str]:
    """What the practice network wants to see before it makes an account: Kaja's key, and whose the account will be."""
    return {"key": get_key(), "workspace": workspace.id.hex}


def get_key() -> str:
    """What Kaja and its practice network know each other by."""
    if settings.PRACTICE_KEY:
        return str(settings.PRACTICE_KEY)
    try:
        return Path(settings.PRACTICE_KEY_FILE).read_text().strip()
    except OSError:  # it runs elsewhere, or was never started; it will say so
        return ""
