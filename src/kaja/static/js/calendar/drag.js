// Dragging a card with the mouse or a pen: the new time is shown while it moves. Fingers scroll; they use the menu.

import { announce, hide, show } from "./flag.js";
import { placeAt, words } from "./places.js";
import { move, root } from "./send.js";
import { say } from "../kit/flash.js";

const FAR = 5; // px before a press becomes a drag
const EDGE = 48; // px from the edge of the window where it scrolls

let pressed = null; // { card, x, y, dx, dy }
let drag = null; // { card, ghost, place, verdict }
let frame = 0;

export const dragging = () => drag !== null;

function begin(event) {
  const { card } = pressed;
  if (card.dataset.fixed) {
    say(words[card.dataset.fixed], "info");
    announce(words[card.dataset.fixed]);
    pressed = null;
    return;
  }
  const box = card.getBoundingClientRect();
  const ghost = card.cloneNode(true);
  ghost.removeAttribute("id");
  ghost.classList.add("ghost");
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.width = `${box.width}px`;
  document.body.append(ghost);
  card.classList.add("lifted");
  // Live updates wait while this stands.
  card.setAttribute("data-dragging", "");
  drag = { card, ghost, place: null, verdict: null };
  getSelection().removeAllRanges();
  card.setPointerCapture?.(event.pointerId);
  scroll();
}

let last = { x: 0, y: 0 };

function follow() {
  const { x, y } = last;
  drag.ghost.style.transform = `translate(${x - pressed.dx}px, ${y - pressed.dy}px)`;
  const place = placeAt(drag.card, x, y);
  drag.place = place;
  if (place) drag.verdict = show(drag.card, place.at, place.mark, x + 14, y + 18);
  else hide();
}

/** Near the upper and lower edge the page moves along. */
function scroll() {
  if (!drag) return;
  const down = last.y > innerHeight - EDGE ? 12 : last.y < EDGE ? -12 : 0;
  if (down) {
    scrollBy(0, down);
    follow();
  }
  frame = requestAnimationFrame(scroll);
}

function end() {
  cancelAnimationFrame(frame);
  drag?.ghost.remove();
  drag?.card.classList.remove("lifted");
  drag?.card.removeAttribute("data-dragging");
  drag = null;
  pressed = null;
  hide();
}

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.("[data-grid] [data-post]");
  if (!card || event.button !== 0 || event.pointerType === "touch" || event.target.closest(".cal-more")) return;
  if (event.shiftKey || event.ctrlKey || event.metaKey || root()?.dataset.write === undefined) return;
  const box = card.getBoundingClientRect();
  pressed = { card, x: event.clientX, y: event.clientY, dx: event.clientX - box.left, dy: event.clientY - box.top };
});

document.addEventListener("pointermove", (event) => {
  if (!pressed) return;
  last = { x: event.clientX, y: event.clientY };
  if (!drag && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > FAR) begin(event);
  if (drag) follow();
});

document.addEventListener("pointerup", () => {
  if (!drag) {
    pressed = null;
    return;
  }
  const { card, place, verdict } = drag;
  // The press ends in a click on the card's link, which must not open the post.
  addEventListener("click", stop, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", stop, { capture: true }), 0);
  end();
  if (!place || place.at === card.dataset.at) return;
  if (verdict.refused) {
    say(`${verdict.text} ${words.cancelled}`, "needs");
    announce(`${verdict.text} ${words.cancelled}`);
  } else move(card.dataset.post, place.at);
});

const stop = (event) => {
  event.preventDefault();
  event.stopPropagation();
};

document.addEventListener("pointercancel", end);
document.addEventListener("dragstart", (event) => event.target.closest?.("#calendar") && event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drag) return;
  event.preventDefault();
  end();
  announce(words.cancelled);
}, true);
