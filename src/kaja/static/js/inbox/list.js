// The list as it lives: rows change where they stand, what is new waits above while somebody is in the list, and what
// does not belong to the view any more goes when nobody is at it.

import { fill } from "../kit/ask.js";
import { bindKey } from "../keys.js";
import { byId, current, fetchPart, listQuery, renew, root, rowOf, rows, withQuery, words } from "./places.js";
import { markCurrent, refreshOpened } from "./open.js";
import { draw as drawPresence } from "./presence.js";

const AT_ONCE = 50;
const list = () => document.querySelector("#conversations ul.list");
const pill = byId("inbox-pill");
const waiting = new Map(); // id -> row that came while somebody was in the list

const timeOf = (row) => Date.parse(row.querySelector(".convo-time")?.getAttribute("datetime") ?? "") || 0;
const dueOf = (row) => Date.parse(row.querySelector("[data-due]")?.dataset.due ?? "") || Infinity;
const byDue = () => new URLSearchParams(location.search).get("sort") === "due";
/** Whether a row stands above another one in the order of the list. */
const isAbove = (one, other) =>
  byDue() && dueOf(one) !== dueOf(other) ? dueOf(one) < dueOf(other) : timeOf(one) > timeOf(other);

/** Whether rows may come in above without moving what somebody reads or points at. */
function isIdle() {
  const scroller = byId("inbox-scroll");
  return (
    scroller.scrollTop < 4 &&
    !byId("inbox-list").matches(":hover") &&
    !scroller.contains(document.activeElement) &&
    !document.querySelector("#conversations .selected") &&
    !new URLSearchParams(location.search).get("after")
  );
}

function drawPill() {
  pill.hidden = waiting.size === 0;
  pill.querySelector("span").textContent = fill(words.newOne, { count: waiting.size });
}

function insert(row) {
  const old = rowOf(row.dataset.item);
  if (old) old.remove();
  const after = [...list().children].find((each) => isAbove(row, each));
  if (after) after.before(row);
  else list().append(row);
}

/** Put what waits into the list. */
export function takeIn({ focus = false } = {}) {
  if (!list() || new URLSearchParams(location.search).get("after")) {
    location.href = withQuery(root().dataset.list, listQuery());
    return;
  }
  for (const row of waiting.values()) insert(row);
  waiting.clear();
  drawPill();
  byId("inbox-scroll").scrollTop = 0;
  settle();
  if (focus) rows()[0]?.querySelector("[data-open]")?.focus({ preventScroll: true });
}

function settle() {
  markCurrent();
  drawPresence();
}

/** One row that stands there, drawn anew; whether it is selected stays. */
function update(old, fresh) {
  const selected = old.classList.contains("selected");
  fresh.classList.toggle("selected", selected);
  const box = fresh.querySelector(":scope > .list-box");
  if (box && selected) box.setAttribute("checked", "");
  if (old.dataset.item === current()) fresh.classList.add("convo-current");
  renew(old, fresh);
  const there = rowOf(fresh.dataset.item)?.querySelector(":scope > .list-box");
  if (there) there.checked = selected;
}

function remove(row) {
  if (row.contains(document.activeElement)) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    next?.querySelector("[data-open]")?.focus({ preventScroll: true });
  }
  row.remove();
}

function takeViews(part) {
  const fresh = part.getElementById("inbox-views");
  if (fresh) renew(byId("inbox-views"), fresh);
}

const versionOf = (row) => Number(row.querySelector("[data-version]")?.dataset.version ?? 0);

/** What the list has of some conversations; those that are not in `part` are not in it. */
function takeRows(ids, part, own) {
  const found = new Map([...part.querySelectorAll("#found > [data-item]")].map((row) => [row.dataset.item, row]));
  for (const id of ids) {
    const [old, fresh] = [rowOf(id), found.get(id)];
    if (fresh && old) {
      // What was asked for may have been overtaken by what was sent.
      if (versionOf(old) <= versionOf(fresh)) update(old, fresh);
    } else if (fresh) waiting.set(id, fresh);
    else {
      waiting.delete(id);
      if (old && (own || (id !== current() && !old.contains(document.activeElement)))) remove(old);
      else old?.classList.add("convo-left");
    }
  }
  if (list() && !rows().length) return refreshWhole();
  if (waiting.size && !list()) return refreshWhole();
  if (waiting.size && isIdle()) takeIn();
  else drawPill();
  settle();
}

/** Ask about conversations by id. `own`: this page's person changed them, so what has left the view goes at once. */
export async function refreshRows(ids, { own = false } = {}) {
  const query = listQuery();
  query.set("ids", ids.slice(0, AT_ONCE).join(","));
  const part = await fetchPart(withQuery(root().dataset.rows, query));
  if (!part) return;
  takeViews(part);
  return takeRows(ids, part, own);
}

/** What came with the news: HTML of those of `ids` that the list has. */
export function takeDrawn(ids, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return takeRows(ids, holder.content, false);
}

/** Ask for the views and their counts alone. */
export async function refreshViews() {
  const part = await fetchPart(withQuery(root().dataset.views, listQuery()));
  if (part) takeViews(part);
}

/** Look at the first page anew: nobody knows what happened meanwhile. */
export async function refreshWhole() {
  const part = await fetchPart(withQuery(root().dataset.rows, listQuery()));
  if (!part) return;
  takeViews(part);
  const complete = part.getElementById("inbox-complete");
  if (complete) renew(byId("inbox-complete"), complete);
  const fresh = part.getElementById("conversations");
  if (!rows().length || !fresh.querySelector("[data-item]")) {
    if (!new URLSearchParams(location.search).get("after")) byId("conversations").replaceWith(fresh);
    if (rows().length) document.querySelector(".inbox-audience")?.remove();
    waiting.clear();
    drawPill();
    return settle();
  }
  const found = [...fresh.querySelectorAll("[data-item]")];
  const ids = new Set(found.map((row) => row.dataset.item));
  const last = found.at(-1);
  for (const row of found) {
    const old = rowOf(row.dataset.item);
    if (old) update(old, row);
    else if (!new URLSearchParams(location.search).get("after")) waiting.set(row.dataset.item, row);
  }
  for (const row of rows()) {
    const gone = !ids.has(row.dataset.item) && isAbove(row, last);
    if (gone && row.dataset.item !== current() && !row.contains(document.activeElement)) remove(row);
  }
  if (waiting.size && isIdle()) takeIn();
  else drawPill();
  settle();
}

pill.addEventListener("click", () => takeIn({ focus: true }));
bindKey(".", () => waiting.size && takeIn({ focus: true }));

/** What is left of a promise goes on too; where it turns to something else to say, the server says it. */
function countDown() {
  const turned = new Set();
  for (const each of document.querySelectorAll(".convo-due")) {
    const { at, turns, says } = each.dataset;
    if (turns && Date.parse(turns) <= Date.now() && each.dataset.asked !== turns) {
      each.dataset.asked = turns;
      turned.add(each.closest("[data-item]")?.dataset.item ?? current());
    } else if (says) {
      const minutes = Math.floor(Math.abs(Date.parse(at) - Date.now()) / 60000);
      const [word, count] = minutes < 60 ? [words.minutes, minutes] : minutes < 2880 ? [words.hours, Math.floor(minutes / 60)]
        : [words.days, Math.floor(minutes / 1440)];
      each.querySelector("span").textContent = fill(says === "late" ? words.late : words.left, { span: fill(word, { count }) });
    }
  }
  const ids = [...turned].filter(Boolean);
  if (ids.length) {
    refreshRows(ids);
    if (ids.includes(current())) refreshOpened();
  }
}

// How long ago it was goes on while the page is open.
setInterval(() => {
  countDown();
  for (const time of document.querySelectorAll(".convo-time")) {
    const passed = (Date.now() - Date.parse(time.dateTime)) / 60000;
    if (passed < 1) time.textContent = words.now;
    else if (passed < 60) time.textContent = fill(words.minutes, { count: Math.floor(passed) });
    else if (passed < 1440) time.textContent = fill(words.hours, { count: Math.floor(passed / 60) });
  }
}, 20_000);
