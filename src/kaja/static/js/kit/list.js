// Lists (`{% listing %}`): j and k go from row to row, Enter opens, x selects (X all from the last one), Escape selects
// nothing. A row that had the focus has it again when the list was drawn anew, or the row that stands there now.

import { bindKey } from "../keys.js";
import { Selection } from "./selection.js";

const ROW = "[data-listing] [data-item]";
const FOCUSABLE = "a[href], button, input, select, summary, textarea";

const rows = () => [...document.querySelectorAll(ROW)].filter((row) => row.checkVisibility());
const rowOf = (element) => element?.closest?.(ROW) ?? null;
const mainOf = (row) => row.querySelector("[data-item-main], .list-title a[href]") ?? row;
const boxOf = (row) => row.querySelector(":scope > .list-box:not(:disabled)");

let last = null; // the key of the row, its place among the rows, and which of its controls had the focus
let held = false; // whether it has the focus as a swap begins

document.addEventListener("focusin", (event) => {
  const row = rowOf(event.target);
  if (row) last = {
    list: row.closest("[data-listing]").id,
    key: row.dataset.item,
    place: rows().indexOf(row),
    control: [...row.querySelectorAll(FOCUSABLE)].indexOf(event.target),
  };
});

function go(step) {
  const all = rows();
  if (!all.length) return false;
  const here = all.indexOf(rowOf(document.activeElement));
  const next = here < 0 ? all.find((row) => row.dataset.item === last?.key) ?? all[0] : all[here + step];
  if (!next) return false;
  mainOf(next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

const selections = new Map();

function selectionOf(list) {
  if (!list) return null;
  if (!selections.has(list.id)) {
    const here = () => document.getElementById(list.id);
    const bar = document.getElementById(`${list.id}-bulk`);
    selections.set(list.id, new Selection({
      bar,
      things: () => [...here().querySelectorAll("[data-item]")].filter(boxOf),
      keyOf: (row) => row.dataset.item,
      nameOf: (row) => boxOf(row).getAttribute("aria-label"),
      mark(row, on) {
        row.classList.toggle("selected", on);
        boxOf(row).checked = on;
      },
      all: () => here().querySelector("[data-select-all]"),
    }));
  }
  return selections.get(list.id);
}

/** What is selected in the list with this id. */
export const selectedIn = (id) => selectionOf(document.getElementById(id))?.keys() ?? [];

for (const list of document.querySelectorAll("[data-listing]:has(.list-box)")) selectionOf(list).draw();

function select(event, range) {
  const row = rowOf(document.activeElement);
  if (!row || !boxOf(row)) return;
  event.preventDefault();
  selectionOf(row.closest("[data-listing]")).toggle(row, range);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-listing] .list-box");
  if (box) selectionOf(box.closest("[data-listing]")).toggle(rowOf(box), event.shiftKey);
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-listing] [data-select-all]")) {
    selectionOf(event.target.closest("[data-listing]")).toggleAll(event.target.checked);
  }
});

// A page with other things to walk through (the calendar) binds these keys after this.
bindKey("j", (event) => go(1) && event.preventDefault());
bindKey("k", (event) => go(-1) && event.preventDefault());
bindKey("x", (event) => select(event, false));
bindKey("X", (event) => select(event, true));
bindKey("Escape", () => selections.forEach((each) => each.size && each.clear()));
document.addEventListener("keydown", (event) => {
  // A row without a link of its own is opened by its first control.
  if (event.key !== "Enter" || event.defaultPrevented || !event.target.matches?.(ROW)) return;
  event.preventDefault();
  event.target.querySelector(FOCUSABLE)?.click();
});

document.addEventListener("htmx:before:swap", () => (held = rowOf(document.activeElement) !== null));
document.addEventListener("htmx:after:swap", () => {
  for (const each of selections.values()) each.draw();
  if (!held || !last || rowOf(document.activeElement)) return;
  const list = document.getElementById(last.list);
  if (!list) return;
  const kept = list.querySelector(`[data-item="${CSS.escape(last.key)}"]`);
  const row = kept ?? rows()[Math.min(last.place, rows().length - 1)];
  if (!row) return;
  const control = kept ? [...row.querySelectorAll(FOCUSABLE)][last.control] : null;
  (control ?? mainOf(row)).focus({ preventScroll: true });
});
