"""axe-core looks for what shuts people out: https://github.com/dequelabs/axe-core (Mozilla Public License 2.0)."""

from functools import cache
from importlib import resources
from typing import Any

from playwright.sync_api import Page

# WCAG 2.0, 2.1 and 2.2, levels A and AA: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md, read 2026-11-22
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Without `preload`, which fetches style sheets that the pages themselves have loaded.
RUN = """async ([tags, root]) => (await axe.run(root || document, {
  runOnly: {type: "tag", values: tags}, resultTypes: ["violations"], preload: false
})).violations"""


@cache
def _source() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text()


def list_violations(page: Page, root: str = "") -> list[str]:
    """One line for each element that breaks a rule; only inside `root` (a selector) where one is given."""
    if not page.evaluate("typeof axe === 'object'"):
        # Evaluated by the debugger, so the page's security policy need not be weakened for it.
        page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(RUN, [TAGS, root])
    return [f"{rule['id']}: {node['html'][:160]} | {_summary(node)}" for rule in found for node in rule["nodes"]]


def _summary(node: dict[str, Any]) -> str:
    return " ".join(str(node.get("failureSummary", "")).split())[:200]
