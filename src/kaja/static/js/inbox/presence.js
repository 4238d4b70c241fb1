// Who else looks at a conversation, and who writes. Each page says what its person does every few seconds, and forgets
// what it has not heard again for half a minute. Nothing of it is kept anywhere.

import { byId, mayAnswer, root, rowOf, thread, words } from "./places.js";
import { fill } from "../kit/ask.js";

const AGAIN = 12_000;
const FORGET = 30_000;
const others = new Map(); // conversation -> who -> { name, what, until }
let mine = "looking";
let timer = 0;
let address = "";

function tell(what) {
  if (!address || !mayAnswer()) return;
  fetch(address, {
    method: "POST", body: new URLSearchParams({ what }), keepalive: what === "gone", credentials: "same-origin",
    headers: { "X-CSRFToken": root().dataset.csrf },
  }).catch(() => null);
}

function again() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!document.hidden) tell(mine);
    again();
  }, AGAIN);
}

/** A conversation was opened. */
export function arrive() {
  address = thread()?.dataset.presence ?? "";
  mine = "looking";
  if (!document.hidden) tell(mine);
  again();
  draw();
}

/** It is left. */
export function leave() {
  clearTimeout(timer);
  tell("gone");
  address = "";
}

/** Its person writes, or does not any more. */
export function writing(on) {
  const what = on ? "writing" : "looking";
  if (what === mine) return;
  mine = what;
  tell(mine);
  again();
}

document.addEventListener("kaja:live", ({ detail }) => {
  if (detail.topic !== "presence" || !detail.said || detail.said.who === root().dataset.me) return;
  const { who, name, what } = detail.said;
  const here = others.get(detail.id) ?? new Map();
  const known = here.get(who);
  if (what === "gone") here.delete(who);
  else here.set(who, { name, what, until: Date.now() + FORGET });
  others.set(detail.id, here);
  // Somebody came: they are told at once who is here already.
  if (!known && what !== "gone" && address && detail.id === thread()?.dataset.conversation && !document.hidden) {
    setTimeout(() => tell(mine), 50 + Math.random() * 400);
  }
  draw();
});

/** Names of those who do something with a conversation. */
export function namesOf(id, what) {
  return [...(others.get(id)?.values() ?? [])].filter((each) => !what || each.what === what).map((each) => each.name);
}

const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();

export function draw() {
  const now = Date.now();
  for (const [id, here] of others) {
    for (const [who, each] of here) if (each.until < now) here.delete(who);
    const place = rowOf(id)?.querySelector("[data-presence]");
    if (place) {
      const names = namesOf(id);
      place.textContent = names.map(initials).join(" ");
      place.title = names.join(", ");
    }
    if (!here.size) others.delete(id);
  }
  const line = byId("thread-presence");
  if (!line) return;
  const id = thread().dataset.conversation;
  const write = namesOf(id, "writing");
  const look = namesOf(id, "looking");
  const said = [];
  if (write.length) said.push(fill(write.length > 1 ? words.writingMany : words.writing, { names: write.join(", ") }));
  if (look.length) said.push(fill(look.length > 1 ? words.lookingMany : words.looking, { names: look.join(", ") }));
  const text = said.join(" · ");
  line.classList.toggle("is-writing", write.length > 0);
  if (line.textContent !== text) line.textContent = text;
}

setInterval(draw, 5000);
document.addEventListener("visibilitychange", () => address && tell(document.hidden ? "gone" : mine));
window.addEventListener("pagehide", () => tell("gone"));
window.addEventListener("pageshow", (event) => event.persisted && arrive());
