// The calendar's page: puts the pieces together, and keeps them in order when the calendar is drawn anew.

import { say } from "../kit/flash.js";
import "./drag.js";
import { isMoving, focusedCard, rove } from "./keyboard.js";
import "./menu.js";
import { now, placeAt, words } from "./places.js";
import { drawSelection } from "./select.js";
import { refocus, root } from "./send.js";

function settle() {
  rove(focusedCard());
  drawSelection();
}

settle();
document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.("#calendar [data-post]");
  if (card && event.target.matches(".cal-link")) rove(card);
});

// What was opened in a day stays open when the calendar is drawn anew.
const opened = new Set();
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("#calendar details")) return;
  if (event.target.open) opened.add(event.target.id);
  else opened.delete(event.target.id);
  settle();
}, true);

document.addEventListener("htmx:after:swap", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (isMoving()) return;
  refocus();
  settle();
});

// A press on an empty place writes a post for that time, unless it only closed something.
let closing = false;
document.addEventListener("pointerdown", () => {
  closing = document.querySelector("details[data-menu][open], :popover-open") !== null;
}, true);
document.addEventListener("click", (event) => {
  if (closing || event.detail > 1 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (root()?.dataset.write === undefined || event.target.closest("a, button, summary, [data-post]")) return;
  const place = event.target.closest("#calendar [data-grid] [data-at]");
  if (!place || getSelection().toString()) return;
  const day = place.closest(".month-day, .week-day");
  const whole = { dataset: { at: `${place.dataset.at.slice(0, 10)}T09:00` } };
  const found = placeAt(whole, event.clientX, event.clientY);
  const add = day?.querySelector(".cal-add")?.href;
  if (!add || !found) return say(words.past, "info");
  const address = new URL(add);
  if (place.matches(".cell")) {
    if (found.at <= now()) return say(words.past, "info");
    address.searchParams.set("at", found.at);
  }
  location.href = address;
});
