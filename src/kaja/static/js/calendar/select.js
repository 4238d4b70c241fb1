// Which cards are selected, and what the bar does to all of them.

import { bindKey } from "../keys.js";
import { Selection } from "../kit/selection.js";
import { announce } from "./flag.js";
import { focusedCard } from "./keyboard.js";
import { bulk, cardOf, root } from "./send.js";

const bar = document.getElementById("bulk");
const selection = new Selection({
  bar,
  things: () => [...(root()?.querySelectorAll("[data-post]") ?? [])],
  keyOf: (card) => card.dataset.post,
  nameOf: (card) => card.querySelector(".cal-text").textContent,
  mark(card, on) {
    card.classList.toggle("selected", on);
    const box = card.closest(".list-row")?.querySelector(".list-box");
    if (box) box.checked = on;
  },
  all: () => document.getElementById("select-all"),
  say: announce,
});

export const isSelected = (id) => selection.has(id);
export const drawSelection = () => selection.draw();
export const toggle = (card, range = false) => selection.toggle(card, range);

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#calendar .list-box");
  if (box) return toggle(cardOf(box.value), event.shiftKey);
  const card = event.target.closest?.("#calendar [data-post]");
  if (card && (event.shiftKey || event.ctrlKey || event.metaKey) && !event.target.closest(".cal-more")) {
    event.preventDefault();
    toggle(card, event.shiftKey);
  }
}, true);

document.addEventListener("change", (event) => {
  if (event.target.id === "select-all") selection.toggleAll(event.target.checked);
});

for (const key of ["x", "X"]) {
  bindKey(key, (event) => {
    const card = focusedCard();
    if (!card) return;
    event.preventDefault();
    toggle(card, key === "X");
  });
}
bindKey("Escape", () => selection.size && selection.clear());

bar?.addEventListener("click", async (event) => {
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
  for (const each of bar.querySelectorAll("button")) each.disabled = true;
  // In the order of the page, so that slots are filled in that order. What is put into the bin leaves the page, and so
  // the selection.
  await bulk(what, selection.keys(), more);
  for (const each of bar.querySelectorAll("button")) each.disabled = false;
  selection.draw();
});
