// A menu that one of many things opens (`{% popup %}`): put beside its button, gone with Escape or a press elsewhere,
// its lines reached by the arrows. The page says which lines are there for the thing, and what they do.

const shown = (menu) => [...menu.querySelectorAll("[role=menuitem]:not([hidden])")];

/** Open a menu at a point of the window for `opener`, which has the focus again afterwards (or what `back` gives). */
export function openPopup(menu, opener, { x, y, back = () => opener } = {}) {
  const box = opener.getBoundingClientRect();
  menu.showPopover();
  const left = (x ?? box.right - menu.offsetWidth);
  const below = y ?? box.bottom + 4;
  const top = below + menu.offsetHeight < innerHeight ? below : box.top - menu.offsetHeight - 4;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(top, innerHeight - menu.offsetHeight - 8))}px`;
  opener.setAttribute("aria-expanded", "true");
  menu.opener = opener;
  menu.returnTo = back;
  shown(menu)[0]?.focus({ preventScroll: true });
}

/** Close it; with `back`, the focus goes where it came from. */
export function closePopup(menu, back = false) {
  if (!menu.matches(":popover-open")) return;
  menu.hidePopover();
  if (back) menu.returnTo?.()?.focus();
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".popup") && event.newState === "closed") {
    event.target.opener?.setAttribute("aria-expanded", "false");
  }
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".popup");
  if (!menu) return;
  const lines = shown(menu);
  const here = lines.indexOf(document.activeElement);
  const step = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: lines.length - 1 }[event.key];
  if (step !== undefined) lines[(step + lines.length) % lines.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") closePopup(menu, true);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
