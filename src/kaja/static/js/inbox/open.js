// Opening a conversation beside the list. The address says which, and the way back works.

import { fill } from "../kit/ask.js";
import { say } from "../kit/flash.js";
import { addressOf, announce, byId, current, fetchPart, isNarrow, listQuery, renew, root, rowOf, rows, thread, withQuery, words } from "./places.js";
import { arrive, leave } from "./presence.js";

let asked = 0;
const title = document.title;

export function markCurrent(id = current()) {
  for (const row of rows()) {
    const here = row.dataset.item === id;
    row.classList.toggle("convo-current", here);
    row.querySelector("[data-open]")?.toggleAttribute("aria-current", here);
  }
}

const scroller = () => byId("thread-scroll");
const atEnd = (element) => element.scrollHeight - element.scrollTop - element.clientHeight < 80;
export function toEnd() {
  const element = scroller();
  if (element) element.scrollTop = element.scrollHeight;
}

/** Open a conversation; `focus` where somebody wants to read it with the keyboard. */
export async function open(id, { push = true, focus = false } = {}) {
  const number = ++asked;
  markCurrent(id);
  rowOf(id)?.scrollIntoView({ block: "nearest" });
  const address = addressOf(id);
  const part = await fetchPart(address);
  if (number !== asked) return false;
  if (!part) {
    markCurrent();
    say(words.noAnswer, "needs");
    return false;
  }
  leave();
  if (push && location.pathname + location.search !== address) history.pushState({ inbox: id }, "", address);
  byId("inbox-opened").replaceChildren(part);
  root().classList.add("has-opened");
  document.title = `${thread().dataset.name} · ${title}`;
  markCurrent();
  toEnd();
  arrive();
  fetchAbout();
  announce(fill(words.opened, { name: thread().dataset.name }));
  if (focus || isNarrow()) thread().focus({ preventScroll: true });
  return true;
}

/** Back to the list alone. */
export function close({ push = true } = {}) {
  asked += 1;
  const row = rowOf(current());
  leave();
  byId("inbox-opened").replaceChildren(byId("inbox-nothing").content.cloneNode(true));
  root().classList.remove("has-opened", "shows-context");
  markCurrent();
  document.title = title;
  if (push) history.pushState({}, "", withQuery(root().dataset.list, listQuery()));
  row?.querySelector("[data-open]")?.focus({ preventScroll: true });
}

/** The id of the row after this one (or before, where it is the last). */
export function neighbour(id, step = 1) {
  const all = rows().filter((row) => !row.classList.contains("convo-left") || row.dataset.item === id);
  const at = all.findIndex((row) => row.dataset.item === id);
  if (at < 0) return all[0]?.dataset.item ?? null;
  return (all[at + step] ?? all[at - step])?.dataset.item ?? null;
}

/** Open what comes after; with nothing left, the list says so. */
export async function openNext(id) {
  if (id) return open(id);
  close();
  announce(words.allDone);
  return false;
}

/** Fetch the open conversation again, and take over what is new of it. */
export async function refreshOpened() {
  const id = current();
  if (!id) return;
  const part = await fetchPart(addressOf(id));
  if (!part || current() !== id) return;
  const fresh = part.getElementById("inbox-thread");
  thread().dataset.count = fresh.dataset.count;
  for (const each of [...part.querySelectorAll("[data-part]")]) {
    const old = byId(each.id);
    if (!old) continue;
    // What was fetched after it stays until it is fetched again.
    const about = each.id === "inbox-context" && byId("inbox-about");
    if (about) each.querySelector("#inbox-about").replaceWith(about.cloneNode(true));
    const tallies = each.id === "thread-under" && byId("thread-tallies");
    if (tallies) each.querySelector("#thread-tallies")?.replaceWith(tallies.cloneNode(true));
    if (!renew(old, each)) later();
  }
  fetchAbout();
  merge(part.getElementById("thread-list"));
}

/** What stands around the open conversation comes after it. */
export async function fetchAbout() {
  const place = byId("inbox-about");
  if (!place) return;
  const part = await fetchPart(withQuery(place.dataset.about, listQuery()));
  const fresh = part?.getElementById("inbox-about");
  const old = byId("inbox-about");
  if (!fresh || old?.dataset.about !== fresh.dataset.about) return;
  renew(old, fresh);
  const [tallies, there] = [part.getElementById("thread-tallies"), byId("thread-tallies")];
  if (tallies && there) there.replaceWith(tallies);
}

let timer = 0;
function later() {
  clearTimeout(timer);
  timer = setTimeout(refreshOpened, 2000);
}

/** Messages that came, changed or went; what somebody reads stays where it is. */
function merge(fresh) {
  const list = byId("thread-list");
  const stay = atEnd(scroller());
  const known = new Map([...list.children].map((each) => [each.dataset.message, each]));
  let before = null;
  const first = [...fresh.children].find((each) => known.has(each.dataset.message));
  const kept = new Set([...fresh.children].map((each) => each.dataset.message));
  for (const each of [...fresh.children]) {
    const old = known.get(each.dataset.message);
    if (old) {
      renew(old, each);
      before = list.querySelector(`[data-message="${CSS.escape(each.dataset.message)}"]`);
    } else if (before) {
      before.after(each);
      before = each;
    } else if (!first) {
      list.append(each);
      before = each;
    } else {
      const anchor = list.querySelector(`[data-message="${CSS.escape(first.dataset.message)}"]`);
      anchor.before(each);
    }
  }
  // What was taken back is gone; what is earlier than this page was only not asked for.
  let within = false;
  for (const each of [...list.children]) {
    within ||= kept.has(each.dataset.message);
    if (within && !kept.has(each.dataset.message)) each.remove();
  }
  if (stay) toEnd();
}

async function showEarlier(link) {
  const url = new URL(thread().dataset.messages, location.href);
  url.searchParams.set("before", link.dataset.earlier);
  const part = await fetchPart(url);
  if (!part) return say(words.noAnswer, "needs");
  const element = scroller();
  const below = element.scrollHeight - element.scrollTop;
  const list = byId("thread-list");
  list.prepend(...part.getElementById("thread-list").children);
  const further = part.getElementById("thread-earlier");
  if (further) byId("thread-earlier").replaceWith(further);
  else byId("thread-earlier").remove();
  // A day that goes on had a heading on both pages.
  const days = new Set();
  for (const each of [...list.querySelectorAll(".said-day")]) {
    if (days.has(each.textContent)) each.remove();
    days.add(each.textContent);
  }
  element.scrollTop = element.scrollHeight - below;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[data-open], a[data-back], a[data-earlier], [data-toggle-context]");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.open) open(link.dataset.open);
  else if (link.dataset.back !== undefined) close();
  else if (link.dataset.earlier) showEarlier(link);
  else toggleContext();
});

function toggleContext() {
  const shown = root().classList.toggle("shows-context");
  document.querySelector(".thread-more")?.setAttribute("aria-expanded", String(shown));
  if (shown) byId("inbox-context")?.querySelector("button")?.focus();
  else document.querySelector(".thread-more")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && root().classList.contains("shows-context") && event.target.closest?.("#inbox-context")) {
    toggleContext();
  }
});

window.addEventListener("popstate", () => {
  const id = location.pathname.slice(new URL(root().dataset.list, location.href).pathname.length).replace(/\/$/, "");
  if (id) open(id, { push: false });
  else close({ push: false });
});

if (current()) {
  markCurrent();
  toEnd();
  arrive();
  fetchAbout();
}
