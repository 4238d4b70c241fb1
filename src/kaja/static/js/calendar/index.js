// The calendar's page: puts the pieces together, and keeps them in order when the calendar is drawn anew.

import "./drag.js";
import { isMoving, focusedCard, rove } from "./keyboard.js";
import "./menu.js";
import { facts, placeAt } from "./places.js";
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

document.addEventListener("htmx:after:swap", () => {
  if (isMoving()) return;
  refocus();
  settle();
});

// Twice on an empty place writes a post for that time.
document.addEventListener("dblclick", (event) => {
  if (event.target.closest("a, button, [data-post]") || root()?.dataset.write === undefined) return;
  const place = event.target.closest("#calendar [data-grid] [data-at]");
  if (!place) return;
  const whole = { dataset: { at: `${place.dataset.at.slice(0, 10)}T09:00` } };
  const found = placeAt(whole, event.clientX, event.clientY);
  if (found) location.href = `${facts.compose}?at=${encodeURIComponent(found.at)}`;
});
