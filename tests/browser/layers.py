"""What opens above or inside a page when somebody presses something: dialogs, menus, popovers, unfolded parts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import resolve
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.pictures import draw_picture
from tests.browser.scenes import PASSWORD


@dataclass(frozen=True)
class Layer:
    """`open` gets the page loaded and leaves it with the layer open. `widths`: where there is something to press.
    `root`: what axe-core looks at where a small menu covers a part of what can be pressed, until it is closed."""

    name: str
    path: str
    open: Callable[[Page], None]
    widths: tuple[int, ...] = (1440, 390)
    allow: tuple[str, ...] = ()
    root: str = ""

    @property
    def area(self) -> str:
        """Of the screen, as its routes are named."""
        path = re.sub(r"\{(?!slug)\w+\}", "00000000-0000-7000-8000-000000000000", self.path.partition("?")[0])
        return resolve(path.format(slug="x")).namespace


def _press(selector: str, shown: str) -> Callable[[Page], None]:
    """Press the first of what the selector finds; something else is then shown."""

    def press(page: Page) -> None:
        page.locator(selector).first.click()
        expect(page.locator(shown).first).to_be_visible()

    return press


def _keys(page: Page) -> None:
    page.locator("body").press("?")
    expect(page.locator("#keys-dialog")).to_contain_text("Move the card that has the focus")  # the page's own keys too


def _palette(typed: str, found: int) -> Callable[[Page], None]:
    def ask(page: Page) -> None:
        page.keyboard.press("Control+k")
        page.keyboard.type(typed)
        options = page.locator("#palette [role=option]")
        expect(options.nth(found - 1) if found else page.locator("#palette-results p").first).to_be_visible()
        if not found:
            expect(options).to_have_count(0)

    return ask


def _card_menu(page: Page) -> None:
    page.locator(".cal-more:visible").first.click()
    expect(page.get_by_role("menu")).to_be_visible()


def _idea_menu(page: Page) -> None:
    page.locator(".idea-card").first.hover()
    page.locator(".idea-more").first.click()
    expect(page.locator("#idea-menu")).to_be_visible()


def _move_dialog(page: Page) -> None:
    _card_menu(page)
    page.locator('#card-menu [data-do="moveTo"]').click()
    expect(page.locator("#move-dialog")).to_be_visible()
    page.locator("#move-at").fill("2020-01-01")
    page.locator("#move-at").blur()
    expect(page.locator("#move-note")).to_contain_text("passed")


def _moving_by_keys(page: Page) -> None:
    page.locator('.cal-card .cal-link[tabindex="0"]').focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cal-flag")).to_be_visible()


def _selected(menu: int) -> Callable[[Page], None]:
    def select(page: Page) -> None:
        page.locator('.cal-card .cal-link[tabindex="0"]').focus()
        page.keyboard.press("x")
        expect(page.locator("#bulk")).to_be_visible()
        page.locator("#bulk summary").nth(menu).click()

    return select


def _conflict(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    # As if somebody had saved meanwhile: the page believes in an older revision than the one that stands.
    page.evaluate("() => { document.querySelector('kaja-composer').state.revision = 0; }")
    page.get_by_label("Text", exact=True).fill("Quite another text")
    expect(page.locator("#conflict-dialog")).to_be_visible()


def _kept_text(page: Page) -> None:
    page.evaluate("""() => {
      const composer = document.querySelector("kaja-composer");
      const kept = composer.state.payload();
      kept.document.parts[0].text = "What was never saved";
      localStorage.setItem(composer.saver.key, JSON.stringify(kept));
    }""")
    page.reload()
    expect(page.locator("kaja-composer > .notice")).to_be_visible()
    page.evaluate("localStorage.clear()")


def _uploading(page: Page) -> None:
    page.route("**/posts/upload", lambda route: None)  # never answered
    picture: FilePayload = {"name": "terrace.jpg", "mimeType": "image/jpeg", "buffer": draw_picture(1)}
    page.locator('input[type="file"]').first.set_input_files([picture])
    expect(page.locator(".strip-upload progress")).to_be_visible()


def _link_card(page: Page) -> None:
    card = {"card": {"url": "https://lummus.test", "title": "Lummus", "description": "", "image": None}}
    page.route("**/posts/card", lambda route: route.fulfill(json=card))
    page.get_by_label("Text", exact=True).fill("Look at https://lummus.test")
    page.locator("#card-fetch").click()
    expect(page.locator("#card-edit")).to_be_visible()


def _own_text(page: Page) -> None:
    page.locator(".composer-tabs [data-tab]:visible").nth(1).click()
    page.get_by_label("Text", exact=True).fill("Words for this channel only")
    expect(page.locator(".badge-differs:visible")).to_have_count(1)


def _unfold(page: Page) -> None:
    """Everything that can be unfolded; of menus only one is open at a time, and each is a layer of its own."""
    page.evaluate(
        "() => { for (const each of document.querySelectorAll('main details:not([data-menu])')) each.open = true; }"
    )
    for place in page.locator("main details .log").all():
        expect(place).to_be_visible()


def _journal(page: Page) -> None:
    page.locator(".journal summary").first.click()
    expect(page.locator(".log").first).to_be_visible()
    page.locator(".log details summary").first.click()
    expect(page.locator(".log-raw").first).to_be_visible()


def _made_token(page: Page) -> None:
    page.get_by_label("Name").fill("till two")
    page.locator('main input[type="checkbox"]').first.check()
    page.get_by_role("button", name="Create the token").click()
    page.locator("main input[type=password], #token-secret").first.wait_for()
    if not page.locator("#token-secret").is_visible():  # once in five minutes
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
    expect(page.locator("#token-secret")).to_be_visible()


def _made_invitation(page: Page) -> None:
    page.locator('main input[type="email"]').fill("someone@lummus.test")
    page.get_by_role("button", name="Create an invitation").click()
    expect(page.locator("#invitation-link")).to_be_visible()


def _refused_form(page: Page) -> None:
    page.get_by_label("Handle").fill("lummus")
    page.locator('main input[type="password"]').fill("not an app password")
    page.locator("main form .button-main").first.click()
    expect(page.locator(".field-error, .notice-needs").first).to_be_visible()


def _flash(page: Page) -> None:
    page.evaluate("""() => import(
      document.querySelector('script[src*="js/app"]').src.replace(/app[^/]*$/, "kit/flash.js"))
      .then(({say}) => ["done", "info", "warning", "needs"].forEach((kind) => say(`A message: ${kind}`, kind)))""")
    expect(page.locator("#flashes .notice")).to_have_count(4)


W = "/w/{slug}"
MENU = "details[data-menu][open]"
WEEK = W + "/calendar/?view=week&date={day}"
LIST = W + "/calendar/?view=list&date={day}"
DRAFT = W + "/posts/{draft}/edit"

LAYERS = (
    Layer("keys", WEEK, _keys),
    Layer("palette", WEEK, _palette("", 3)),
    Layer("palette-nothing", WEEK, _palette("qqqqq", 0)),
    Layer("workspaces", WEEK, _press(".rail .menu summary", ".rail .menu-list"), (1440,), root=MENU),
    Layer("person", WEEK, _press(".rail-foot .menu summary", ".rail-foot .menu-list"), (1440,), root=MENU),
    Layer("more", WEEK, _press(".bottom-more summary", ".bottom-more .menu-list"), (390,), root=MENU),
    Layer("messages", W + "/needs-you/", _flash),
    Layer("confirm", W + "/settings/", _press("#pause .button-danger", "#confirm-dialog")),
    Layer("card-menu", WEEK, _card_menu, root="#card-menu"),
    Layer("move-dialog", WEEK, _move_dialog),
    Layer("moving-by-keys", WEEK, _moving_by_keys, (1440,)),
    Layer("filter", WEEK, _press(".filters summary", ".filters .menu-list"), root=MENU),
    Layer("filter-last", WEEK, _press(".filters .menu:last-of-type > summary", MENU), root=MENU),
    Layer("selected-move", LIST, _selected(0), root="#bulk"),
    Layer("selected-campaign", LIST, _selected(1), root="#bulk"),
    Layer("selected-label", LIST, _selected(2), root="#bulk"),
    Layer("alt-text", DRAFT, _press(".strip-picture", "#alt-dialog")),
    Layer("crop", DRAFT, _press('.strip-item [data-do="crop"]', "#crop-dialog")),
    Layer("emoji", DRAFT, _press('[data-do="emoji"]', ".emoji-grid button")),
    Layer("hashtags", DRAFT, _press('[data-do="tags"]', "#tag-picker")),
    Layer("history", DRAFT, _press("#open-history", "#history-dialog .versions")),
    Layer("conflict", DRAFT, _conflict, allow=("409",)),
    Layer("kept-text", DRAFT, _kept_text),
    Layer("uploading", DRAFT, _uploading),
    Layer("link-card", W + "/posts/new", _link_card),
    Layer("own-text", DRAFT, _own_text),
    Layer("composer-unfolded", DRAFT, _unfold),
    Layer("post-menu", W + "/posts/{scheduled}", _press(".page-actions .menu summary", MENU), root=MENU),
    Layer("idea-menu", W + "/ideas/", _idea_menu, root="#idea-menu"),
    Layer("journal", W + "/posts/{failed}", _journal),
    Layer("post-unfolded", W + "/posts/{uncertain}", _unfold),
    Layer("needs-you-unfolded", W + "/needs-you/", _unfold),
    Layer("channel-unfolded", W + "/channels/{practice}/", _unfold),
    Layer(
        "settings-menu",
        W + "/settings/audit/",
        _press(".settings-menu > summary", ".settings-menu > .menu-list"),
        (390,),
        root=MENU,
    ),
    Layer("audit-unfolded", W + "/settings/audit/", _unfold),
    Layer("token-made", W + "/settings/tokens/", _made_token),
    Layer("invitation-made", W + "/settings/members/", _made_invitation),
    Layer("form-refused", W + "/channels/connect/bluesky/", _refused_form, allow=("422", "400")),
)


def open_layer(page: Page, layer: Layer, made: dict[str, Any]) -> None:
    """Load its page and open it."""
    page.goto(layer.path.format(**made))
    layer.open(page)
