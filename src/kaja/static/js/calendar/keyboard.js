// From card to card with the arrows; m takes the focused card along, arrows choose another time, Enter puts it there.

import { bindKey } from "../keys.js";
import { say } from "../kit/flash.js";
import { announce, hide, show } from "./flag.js";
import { facts, later, name, placeOf, words } from "./places.js";
import { move, root } from "./send.js";

let moving = null; // { card, at, refused }

export const isMoving = () => moving !== null;

const cards = () => [...(root()?.querySelectorAll("[data-post]") ?? [])].filter((card) => card.checkVisibility());
const linkOf = (card) => card.querySelector(".cal-link");
export const focusedCard = () => document.activeElement?.closest?.("#calendar [data-post]") ?? null;

/** One card is in the order of Tab; the arrows reach the others. */
export function rove(current) {
  const all = cards();
  const chosen = current && all.includes(current) ? current : all[0];
  for (const card of all) {
    const index = card === chosen ? 0 : -1;
    linkOf(card).tabIndex = index;
    card.querySelector(".cal-more").tabIndex = index;
  }
}

/** The nearest card in a direction, by where the cards stand on the page. */
function neighbour(card, key) {
  const here = card.getBoundingClientRect();
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  let best = null;
  let least = Infinity;
  for (const other of cards()) {
    if (other === card) continue;
    const box = other.getBoundingClientRect();
    const along = sign * (sideways ? box.left - here.left : box.top - here.top);
    const across = Math.abs(sideways ? box.top - here.top : box.left - here.left);
    if (along < 4) continue;
    const far = along + across * (sideways ? 1 : 4);
    if (far < least) [best, least] = [other, far];
  }
  return best;
}

/** Begin to move a card by keys. */
export function startMove(card) {
  if (root().dataset.write === undefined) return;
  if (card.dataset.fixed) {
    say(words[card.dataset.fixed], "info");
    announce(words[card.dataset.fixed]);
    return;
  }
  linkOf(card).focus();
  moving = { card, at: card.dataset.at, refused: false };
  card.classList.add("lifted");
  card.setAttribute("data-dragging", "");
  draw(`${words.moving} ${name(moving.at)}`);
}

function draw(said) {
  const { card, at } = moving;
  const mark = placeOf(at);
  mark?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const box = (mark ?? card).getBoundingClientRect();
  const shown = show(card, at, mark, box.left + 8, box.bottom + 4);
  moving.refused = shown.refused;
  announce(said ?? shown.said);
}

function stop() {
  moving.card.classList.remove("lifted");
  moving.card.removeAttribute("data-dragging");
  moving = null;
  hide();
}

const day = 24 * 60;
const WEEK_STEPS = { ArrowUp: -15, ArrowDown: 15, PageUp: -60, PageDown: 60, ArrowLeft: -day, ArrowRight: day };
const MONTH_STEPS = { ArrowUp: -7 * day, ArrowDown: 7 * day, ArrowLeft: -day, ArrowRight: day, PageUp: -60, PageDown: 60 };

function onMoveKey(event) {
  let step = (facts.view === "month" ? MONTH_STEPS : WEEK_STEPS)[event.key];
  if (facts.view !== "month" && event.shiftKey && Math.abs(step) === 15) step *= 4;
  if (step) {
    moving.at = later(moving.at, step);
    draw();
  } else if (event.key === "Enter") {
    const { card, at, refused } = moving;
    if (refused) return draw();
    stop();
    if (at === card.dataset.at) announce(words.cancelled);
    else move(card.dataset.post, at);
  } else if (event.key === "Escape" || event.key === "Tab") {
    stop();
    announce(words.cancelled);
    if (event.key === "Tab") return true;
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (moving) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Shift") return;
    if (onMoveKey(event) !== true) event.preventDefault();
    event.stopPropagation();
    return;
  }
  const card = event.target.closest?.("#calendar [data-post]");
  if (!card || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!event.key.startsWith("Arrow")) return;
  const other = neighbour(card, event.key);
  event.preventDefault();
  if (!other) return;
  rove(other);
  linkOf(other).focus();
  other.scrollIntoView({ block: "nearest" });
}, true);

// Leaving the card while it moves leaves it where it was.
document.addEventListener("focusout", (event) => {
  if (moving && event.target.closest?.("[data-post]") === moving.card && document.hasFocus()) {
    stop();
    announce(words.cancelled);
  }
});

bindKey("m", (event) => {
  const card = focusedCard();
  if (!card) return;
  event.preventDefault();
  startMove(card);
});

// In the list, from post to post as in every list.
if (facts.view === "list") {
  for (const [key, step] of [["j", 1], ["k", -1]]) {
    bindKey(key, () => {
      const all = cards();
      const here = all.indexOf(focusedCard());
      const other = here < 0 ? all[0] : all[here + step];
      if (!other) return;
      rove(other);
      linkOf(other).focus();
      other.scrollIntoView({ block: "nearest" });
    });
  }
}

for (const key of ["p", "t", "n"]) {
  bindKey(key, () => document.querySelector(`.cal-steps [data-key="${key}"]`)?.click());
}
