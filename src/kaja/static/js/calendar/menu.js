// What can be done with one card: one menu for all of them, opened by its button, by "." or by the right button.

import { ask } from "../kit/dialog.js";
import { bindKey } from "../keys.js";
import { say } from "../kit/flash.js";
import { closePopup, openPopup } from "../kit/popup.js";
import { renewId } from "../ids.js";
import { focusedCard, startMove } from "./keyboard.js";
import { facts, judge, words } from "./places.js";
import { isSelected, toggle } from "./select.js";
import { bulk, cardOf, move, root } from "./send.js";

const menu = document.getElementById("card-menu");
const dialog = document.getElementById("move-dialog");
const field = dialog?.querySelector("kaja-date");
const address = (what, id) => facts[what].replace(facts.nobody, id);
let card = null;

function possible(what) {
  const writes = root().dataset.write !== undefined;
  const publishes = root().dataset.publish !== undefined;
  const free = !card.dataset.fixed;
  if (what === "open") return true;
  if (!writes) return false;
  if (what === "move") return free && facts.view !== "list" && matchMedia("(any-pointer: fine)").matches;
  if (what === "moveTo") return free;
  if (what === "nextSlot") return free && card.dataset.channels !== "";
  if (what === "publish") return publishes && card.dataset.look !== "done";
  if (what === "unschedule") return publishes && card.dataset.state === "scheduled" && free;
  if (what === "edit" || what === "delete") return card.dataset.state !== "scheduled" || publishes;
  return true;
}

export function openMenu(which, at = {}) {
  closePopup(menu);
  card = which;
  for (const item of menu.querySelectorAll("[data-do]")) {
    const what = item.dataset.do;
    item.hidden = !possible(what);
    item.lastElementChild.textContent = words[what === "select" && isSelected(card.dataset.post) ? "deselect" : what];
  }
  menu.setAttribute("aria-label", card.querySelector(".cal-text").textContent || words.menu);
  // The calendar may be drawn anew while it is open.
  const back = () => cardOf(which.dataset.post)?.querySelector(".cal-link");
  openPopup(menu, card.querySelector(".cal-more"), { ...at, back });
}

const actions = {
  open: () => (location.href = card.querySelector(".cal-link").href),
  edit: (id) => (location.href = address("edit", id)),
  move: () => startMove(card),
  moveTo: () => openDialog(card),
  nextSlot: (id) => bulk("slots", [id]),
  async publish(id) {
    const yes = await ask(words.publishAsk, { title: words.publishTitle, yes: words.publish });
    if (yes) await bulk("publish", [id]);
  },
  unschedule: (id) => bulk("unschedule", [id]),
  duplicate(id) {
    const form = document.getElementById("duplicate-form");
    // A copy of another card is another thing; pressed again for the same card, it is the same copy.
    if (form.dataset.of && form.dataset.of !== id) renewId(form);
    form.dataset.of = id;
    form.action = address("duplicate", id);
    form.requestSubmit();
  },
  select: () => toggle(card),
  delete: (id) => bulk("delete", [id]),
};

menu.addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (!what) return;
  closePopup(menu, true);
  actions[what](card.dataset.post);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-card-menu]");
  if (button) openMenu(button.closest("[data-post]"));
});
addEventListener("scroll", () => closePopup(menu), { passive: true });
bindKey(".", () => focusedCard() && openMenu(focusedCard()));
document.addEventListener("contextmenu", (event) => {
  const which = event.target.closest?.("#calendar [data-post]");
  if (!which || event.shiftKey) return;
  event.preventDefault();
  openMenu(which, event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : {});
});

// A time by fields: for fingers, and for far away days.
function openDialog(which) {
  card = which;
  dialog.querySelector("#move-name").textContent = card.querySelector(".cal-text").textContent;
  field.channels = card.dataset.channels.split(" ").filter(Boolean);
  field.value = card.dataset.at;
  note();
  dialog.returnValue = "";
  dialog.showModal();
}

function note() {
  const at = field.value;
  dialog.querySelector("#move-note").textContent = at ? judge(card, at).text : "";
}

field?.addEventListener("input", note);
// Enter does what the dialog is for; by itself a form takes its first button, which closes it.
field?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  dialog.querySelector('button[value="move"]').click();
});
dialog?.addEventListener("close", () => {
  const at = field.value;
  if (dialog.returnValue !== "move" || !at || at === card.dataset.at) return;
  const verdict = judge(card, at);
  if (verdict.refused) say(`${verdict.text} ${words.cancelled}`, "needs");
  else move(card.dataset.post, at);
});
