// Where things are on the inbox's page, and how parts of it are fetched.

import { show } from "../kit/flash.js";
import { useToken } from "../kit/ask.js";

export const byId = (id) => document.getElementById(id);
export const root = () => byId("inbox");
export const words = JSON.parse(byId("inbox-words").textContent);
export const thread = () => byId("inbox-thread");
/** The id of the conversation that is open, or null. */
export const current = () => thread()?.dataset.conversation ?? null;
export const rows = () => [...document.querySelectorAll("#conversations [data-item]")];
export const rowOf = (id) => id && document.querySelector(`#conversations [data-item="${CSS.escape(id)}"]`);
/** The version of a conversation that the page shows: what somebody else changed since is not written over. */
export const seenOf = (id) =>
  (id === current() ? byId("thread-head") : rowOf(id)?.querySelector("[data-version]"))?.dataset.version ?? null;
export const mayAnswer = () => root().dataset.mayAnswer !== undefined;
/** One pane at a time: the list is out of sight while a conversation is open. */
export const isNarrow = () => matchMedia("(max-width: 720px)").matches;

useToken(root().dataset.csrf);

export function announce(text) {
  byId("inbox-said").textContent = text;
}

/** The filters of the list, without the place in it. */
export function listQuery() {
  const query = new URLSearchParams(location.search);
  for (const name of ["after", "before"]) query.delete(name);
  return query;
}

export const withQuery = (path, query) => (query.size ? `${path}?${query}` : path);
export const addressOf = (id) => withQuery(`${root().dataset.list}${id}/`, listQuery());

/** A part of the page as a fragment, or null where the answer is none; what was refused is said. */
export async function fetchPart(url) {
  const answer = await fetch(url, {
    headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
    credentials: "same-origin",
  }).catch(() => null);
  if (!answer) return null;
  if (answer.headers.get("HX-Refresh")) {
    location.reload();
    return null;
  }
  const html = await answer.text();
  if (!answer.ok) {
    if (answer.headers.get("HX-Retarget")) show(html);
    return null;
  }
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
const busy = (element) =>
  element.querySelector("[data-menu][open]") !== null ||
  (element.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName));

/** Put `fresh` in the place of `old`, unless nothing is new or somebody works in it; the focus stays where it was. */
export function renew(old, fresh) {
  const html = fresh.outerHTML;
  if (old.fromServer === html || old.outerHTML === html) return true;
  if (busy(old)) return false;
  const within = old.contains(document.activeElement);
  const at = within ? [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : -1;
  const opened = [...old.querySelectorAll("[data-keep-open]")].map((each) => each.open);
  fresh.fromServer = html;
  old.replaceWith(fresh);
  [...fresh.querySelectorAll("[data-keep-open]")].forEach((each, index) => (each.open = opened[index] ?? false));
  if (within) (([...fresh.querySelectorAll(FOCUSABLE)][at] ?? fresh)).focus({ preventScroll: true });
  return true;
}

// A picture that is still being fetched, or that there is none of: asked for twice more, then the initials stay.
function askAgain(image) {
  const tries = Number(image.dataset.tries ?? 0) + 1;
  image.dataset.tries = tries;
  image.hidden = true;
  if (tries > 2) return;
  setTimeout(() => {
    if (!image.isConnected) return;
    image.hidden = false;
    image.src = image.src.replace(/(&again=\d+)?$/, `&again=${tries}`);
  }, 4000 * tries);
}

document.addEventListener("error", (event) => {
  if (event.target.matches?.("img[data-proxied]")) askAgain(event.target);
}, true);
// Those that were refused before this module was there.
for (const image of document.querySelectorAll("img[data-proxied]")) {
  if (image.complete && !image.naturalWidth && image.currentSrc) askAgain(image);
}
