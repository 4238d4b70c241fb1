// Open pages follow what happens in the workspace. An element with an id and data-live="post delivery" is fetched anew
// when such a thing changes: by its own hx-get with hx-trigger="live" if it has one, else all of them are taken out of
// one look at the present page's address. While somebody types in one, drags it or has its menu open, it waits.

const address = document.body.dataset.liveSource;
// Where the page can be had again: what an address answers to a form may not be what it answers to a look.
const page = () => document.body.dataset.livePage || location.pathname + location.search;
const waiting = new Set();
let timer = 0;

const busy = (element) =>
  element.matches("[data-dragging]") ||
  element.querySelector("[data-dragging], dialog[open], [data-menu][open]") !== null ||
  (element.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName));

function refresh() {
  timer = 0;
  if (document.hidden) return;
  const parts = [];
  for (const id of [...waiting]) {
    const element = document.getElementById(id);
    if (element && busy(element)) continue;
    waiting.delete(id);
    if (!element) continue;
    if (element.hasAttribute("hx-get")) {
      element.dispatchEvent(new CustomEvent("live", { bubbles: false }));
    } else parts.push(element);
  }
  if (parts.length) {
    const [first, ...others] = parts;
    htmx.ajax("GET", page(), {
      source: first, target: first, select: `#${CSS.escape(first.id)}`, swap: "outerMorph",
      selectOOB: others.map((element) => `#${CSS.escape(element.id)}:outerMorph`).join(","),
    });
  }
  if (waiting.size) soon(1500);
}

function soon(pause = 250) {
  if (!timer) timer = setTimeout(refresh, pause);
}

/** Something of `topic` changed; "*" means that anything may have. `said` is true for some seconds only. */
function changed(topic, id, said) {
  document.dispatchEvent(new CustomEvent("kaja:live", { detail: { topic, id, said } }));
  for (const element of document.querySelectorAll("[data-live][id]")) {
    const wanted = element.dataset.live.split(/\s+/);
    const only = element.dataset.liveId;
    if ((topic === "*" || wanted.includes(topic)) && (!only || !id || only === id)) waiting.add(element.id);
  }
  if (waiting.size) soon();
}

if (address && "EventSource" in window) {
  let source = null;
  let lost = false;
  let pause = 5000;
  const connect = () => {
    source = new EventSource(address);
    source.addEventListener("change", (event) => {
      const { topic, id, said } = JSON.parse(event.data);
      changed(topic, id, said);
    });
    source.addEventListener("open", () => {
      // What happened while nobody listened is fetched.
      if (lost) changed("*", null);
      lost = false;
      pause = 5000;
    });
    source.addEventListener("error", () => {
      lost = true;
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused: signed out, removed, or Kaja has too much to do. Asked again ever more rarely.
      setTimeout(connect, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, 300000);
    });
  };
  // After the page is there, never before.
  window.addEventListener("load", connect, { once: true });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && connect());
  document.addEventListener("visibilitychange", () => !document.hidden && waiting.size && soon());
}
