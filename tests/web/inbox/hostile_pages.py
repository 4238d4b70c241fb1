"""What a browser makes of a page: read by Chromium's own parser, in bulk and without running anything of it."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

READ = r"""([pages, selectors]) => {
  const followed = new Set(["href", "src", "action", "formaction", "srcset", "poster", "data", "xlink:href", "cite",
    "ping", "background", "icon", "manifest", "usemap", "codebase", "archive", "longdesc", "imagesrcset"]);
  const own = /^(?:[?#]|\/(?![\/\\])|$)[^\u0000-\u001f\\]*$/;
  const web = /^https?:\/\/[^\/\s]+/;
  return pages.map(html => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const shapes = new Set(), wrong = [];
    const walk = root => {
      for (const each of root.querySelectorAll("*")) {
        const tag = each.localName;
        shapes.add(tag);
        for (const {name, value} of each.attributes) {
          shapes.add(`${tag} ${name}`);
          if (name.startsWith("on") || name === "srcdoc") wrong.push(`<${tag} ${name}>`);
          if (!followed.has(name) || own.test(value.trim())) continue;
          const rel = (each.getAttribute("rel") || "").split(" ");
          const leads = tag === "a" && name === "href" && web.test(value) && each.target === "_blank"
            && rel.includes("noopener") && rel.includes("noreferrer");
          if (!leads) wrong.push(`<${tag} ${name}=${value.slice(0, 80)}>`);
        }
        if (tag === "template") walk(each.content);
      }
    };
    walk(page);
    const texts = {};
    for (const [name, selector] of Object.entries(selectors)) {
      texts[name] = [...page.querySelectorAll(selector)].map(each => {
        for (const inner of each.querySelectorAll(":not(a, bdi, details, summary)"))
          wrong.push(`${name}: <${inner.localName}>`);
        const copy = each.cloneNode(true);
        copy.querySelectorAll("summary").forEach(one => one.remove());
        return copy.textContent;
      });
    }
    return {shapes: [...shapes], wrong, texts, title: page.title};
  });
}"""
SELECTORS = {
    "message": "#thread-list .said-in .said-text:not(.said-old)",
    "note": "#thread-list .said-note .said-text",
    "earlier": ".said-old",
    "name": "#thread-list .said-in .said-name",
    "row": "#conversations .convo-name",
    "excerpt": "#conversations .convo-text",
    "channel": "#conversations .convo-channel",
    "person": "#people .list-title",
    "quoted": ".desk-said",
    "notice": "#notices .list-main a",
    "asked": ".desk-excerpt",
}


@dataclass(frozen=True)
class Read:
    """A page: its elements with their attributes, what none of them may have, and the words at some places."""

    shapes: frozenset[str]
    wrong: tuple[str, ...]
    texts: dict[str, list[str]]
    title: str


class Parser:
    """Reads HTML as Chromium does."""

    def __init__(self, window: Page) -> None:
        self.window = window

    def read(self, *pages: str) -> list[Read]:
        found: list[dict[str, Any]] = self.window.evaluate(READ, [list(pages), SELECTORS])
        return [
            Read(frozenset(each["shapes"]), tuple(each["wrong"]), each["texts"], each["title"]) for each in found
        ]  # fmt: skip


def is_whole(shown: str, said: str) -> bool:
    """Whether all of `said` is shown; an address that is longer than 80 signs ends in "…" there, and whole in its
    link."""
    first, *others = shown.split("…")
    if not said.startswith(first) or (others and not said.endswith(others[-1])):
        return False
    place = len(first)
    for piece in others[:-1]:
        place = said.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return place + len(others[-1]) <= len(said) if others else shown == said
