// Which cards are selected, and the bar that does one thing to all of them.

import { bindKey } from "../keys.js";
import { fill } from "../composer/ask.js";
import { announce } from "./flag.js";
import { focusedCard } from "./keyboard.js";
import { words } from "./places.js";
import { bulk, cardOf, root } from "./send.js";

const chosen = new Set();
const bar = document.getElementById("bulk");
let anchor = null;

const cards = () => [...(root()?.querySelectorAll("[data-post]") ?? [])];
export const isSelected = (id) => chosen.has(id);

/** Draw the selection again; what is no longer on the page is no longer selected. */
export function drawSelection() {
  if (!bar) return;
  for (const id of [...chosen]) if (!cardOf(id)) chosen.delete(id);
  for (const card of cards()) {
    const on = chosen.has(card.dataset.post);
    card.classList.toggle("selected", on);
    const box = card.parentElement.querySelector(".list-box");
    if (box) box.checked = on;
  }
  const all = document.getElementById("select-all");
  if (all) {
    all.checked = chosen.size > 0 && chosen.size === cards().length;
    all.indeterminate = chosen.size > 0 && !all.checked;
  }
  bar.hidden = chosen.size === 0;
  document.getElementById("bulk-count").textContent = fill(words.selected, { count: chosen.size });
}

function set(card, on) {
  if (on) chosen.add(card.dataset.post);
  else chosen.delete(card.dataset.post);
}

/** Select one more or one less; with `range`, all from the last one to this. */
export function toggle(card, range = false) {
  if (!bar) return;
  const all = cards();
  const from = anchor ? all.findIndex((each) => each.dataset.post === anchor) : -1;
  const on = range ? true : !chosen.has(card.dataset.post);
  if (range && from >= 0) {
    const to = all.indexOf(card);
    for (const each of all.slice(Math.min(from, to), Math.max(from, to) + 1)) set(each, on);
  } else set(card, on);
  anchor = card.dataset.post;
  drawSelection();
  const text = card.querySelector(".cal-text").textContent;
  announce(fill(words.selectedOne, { count: chosen.size, name: text }));
}

function clear() {
  chosen.clear();
  drawSelection();
  announce(words.none);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".list-box");
  if (box) {
    const card = cardOf(box.value);
    if (event.shiftKey) toggle(card, true);
    else toggle(card);
    return;
  }
  const card = event.target.closest?.("#calendar [data-post]");
  if (card && (event.shiftKey || event.ctrlKey || event.metaKey) && !event.target.closest(".cal-more")) {
    event.preventDefault();
    toggle(card, event.shiftKey);
  }
}, true);

document.addEventListener("change", (event) => {
  if (event.target.id !== "select-all") return;
  for (const card of cards()) set(card, event.target.checked);
  drawSelection();
});

bindKey("x", (event) => {
  const card = focusedCard();
  if (!card) return;
  event.preventDefault();
  toggle(card);
});
bindKey("X", (event) => {
  const card = focusedCard();
  if (!card) return;
  event.preventDefault();
  toggle(card, true);
});
bindKey("Escape", () => chosen.size && clear());

bar?.addEventListener("click", async (event) => {
  if (event.target.closest("#bulk-clear")) return clear();
  const button = event.target.closest("[data-bulk]");
  if (!button) return;
  const what = button.dataset.bulk;
  const more = {};
  if (what === "shift") more.days = Number(button.dataset.days);
  if (what === "campaign") more.campaign = button.dataset.campaign || null;
  if (what === "day") {
    const field = document.getElementById("bulk-day").closest("kaja-date");
    more.day = field.value;
    if (!more.day) return field.focus();
  }
  if (what === "label") {
    const field = document.getElementById("bulk-label");
    more.label = button.dataset.label ?? field.value;
    if (!more.label.trim()) return field.focus();
  }
  for (const menu of bar.querySelectorAll("details[open]")) menu.open = false;
  // In the order of the page, so that slots are filled in that order.
  const posts = cards().map((card) => card.dataset.post).filter((id) => chosen.has(id));
  for (const each of bar.querySelectorAll("button")) each.disabled = true;
  const done = await bulk(what, posts, more);
  for (const each of bar.querySelectorAll("button")) each.disabled = false;
  if (done && what === "delete") chosen.clear();
  drawSelection();
});
