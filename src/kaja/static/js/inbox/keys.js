// The inbox with the keyboard alone, from one end to the other.

import { bindKey } from "../keys.js";
import { selectedIn } from "../kit/list.js";
import { byId, current, listQuery, mayAnswer, root, rowOf, rows, withQuery } from "./places.js";
import { close, neighbour, open } from "./open.js";
import { workOn } from "./work.js";

const focusedRow = () => document.activeElement?.closest?.("#conversations [data-item]") ?? null;
const inThread = () => document.activeElement?.closest?.("#inbox-opened") !== null;

function move(step) {
  const here = focusedRow()?.dataset.item ?? current();
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.dataset.item === here);
  const next = at < 0 ? all[0] : all[at + step];
  if (!next) return;
  const id = next.dataset.item;
  if (!inThread() || rowOf(id)?.checkVisibility()) next.querySelector("[data-open]").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (current()) open(id);
}

const scope = () => (selectedIn("conversations").length ? byId("conversations-bulk") : byId("thread-head"));
const find = (key) => scope()?.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? null;

/** Press what the key stands for, in the bar of what is selected or in the open conversation. */
async function press(event, key) {
  if (!mayAnswer()) return;
  event.preventDefault();
  const row = focusedRow();
  let target = find(key);
  if (!target && row) {
    if (key === "e" || key === "#") {
      const next = neighbour(row.dataset.item);
      await workOn(root().dataset.work, [row.dataset.item], "do", key === "e" ? "state:done" : "state:spam");
      rowOf(next)?.querySelector("[data-open]").focus({ preventScroll: true });
      return;
    }
    if (!(await open(row.dataset.item))) return;
    target = find(key);
  }
  if (!target) return;
  if (target.matches("details")) {
    target.open = true;
    target.querySelector(".menu-item, input")?.focus();
  } else target.click();
}

for (const key of ["e", "a", "s", "b", "l", "#"]) bindKey(key, (event) => press(event, key));
bindKey("j", (event) => (event.preventDefault(), move(1)));
bindKey("k", (event) => (event.preventDefault(), move(-1)));
// What is due first, or the newest first again.
bindKey("d", (event) => {
  event.preventDefault();
  const query = listQuery();
  if (query.get("sort")) query.delete("sort");
  else query.set("sort", "due");
  location.href = withQuery(current() ? location.pathname : root().dataset.list, query);
});
bindKey("u", (event) => {
  if (!current()) return;
  event.preventDefault();
  if (byId("inbox-list").checkVisibility() && inThread()) {
    rowOf(current())?.querySelector("[data-open]").focus();
  } else close();
});
bindKey("/", (event) => {
  event.preventDefault();
  byId("inbox-q").focus();
  byId("inbox-q").select();
});

async function write(event, mode) {
  event.preventDefault();
  const row = focusedRow();
  if (row && row.dataset.item !== current() && !(await open(row.dataset.item))) return;
  document.querySelector("kaja-reply")?.begin(mode);
}
bindKey("r", (event) => write(event, "reply"));
bindKey("n", (event) => write(event, "note"));

// Enter on a row opens it and goes there, so that one reads on.
document.addEventListener("click", (event) => {
  if (event.detail !== 0 || event.defaultPrevented) return;
  const link = event.target.closest?.("#conversations a[data-open]");
  if (!link) return;
  event.preventDefault();
  event.stopPropagation();
  open(link.dataset.open, { focus: true });
}, true);
// Escape leaves the box and the search, and keeps what stands there.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (event.target.matches?.("#reply-text")) byId("inbox-thread").focus({ preventScroll: true });
  else if (event.target.matches?.("#inbox-q")) rows()[0]?.querySelector("[data-open]")?.focus();
});
