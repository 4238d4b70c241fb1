// Open pages follow what happens in the workspace. An element with an id and data-live="post delivery" is fetched anew
// when such a thing changes: by its own hx-get with hx-trigger="live" if it has one, else all of them are taken out of
// one look at the present page's address. While somebody types in one, drags it or has its menu open, it waits.
// What has data-live-from, a count beside a name, is taken from that address, and takes its time when many pages are
// open: all of them ask at the same news.

const { liveSource, liveFeed } = document.body.dataset;
const address = liveSource && liveFeed ? `${liveSource}&${liveFeed}` : liveSource;
// Where the page can be had again: what an address answers to a form may not be what it answers to a look.
const page = () => document.body.dataset.livePage || location.pathname + location.search;
const SPREAD_MOST = 15000;
let spread = 0;

/** Milliseconds to wait with what does not hurry: by chance, the longer the more pages are open. */
export const patience = () => Math.random() * spread;

const busy = (element) =>
  element.matches("[data-dragging]") ||
  element.querySelector("[data-dragging], dialog[open], [data-menu][open]") !== null ||
  (element.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName));

/** What waits to be fetched from the address that `from` gives, `pause` milliseconds after it changed. */
class Waiting {
  constructor(from, pause) {
    Object.assign(this, { from, pause, ids: new Set(), timer: 0 });
  }

  add(id) {
    this.ids.add(id);
    this.soon();
  }

  soon(pause = this.pause()) {
    if (!this.timer && this.ids.size) this.timer = setTimeout(() => this.refresh(), pause);
  }

  refresh() {
    this.timer = 0;
    if (document.hidden) return;
    const parts = [];
    for (const id of [...this.ids]) {
      const element = document.getElementById(id);
      if (element && busy(element)) continue;
      this.ids.delete(id);
      if (!element) continue;
      if (element.hasAttribute("hx-get")) {
        element.dispatchEvent(new CustomEvent("live", { bubbles: false }));
      } else parts.push(element);
    }
    if (parts.length) {
      const [first, ...others] = parts;
      htmx.ajax("GET", this.from(), {
        source: first, target: first, select: `#${CSS.escape(first.id)}`, swap: "outerMorph",
        selectOOB: others.map((element) => `#${CSS.escape(element.id)}:outerMorph`).join(","),
      });
    }
    this.soon(1500);
  }
}

const ofPage = new Waiting(page, () => 250);
const elsewhere = new Map(); // address -> what waits to be fetched from it

function waitingOf(element) {
  const from = element.dataset.liveFrom;
  if (!from) return ofPage;
  if (!elsewhere.has(from)) elsewhere.set(from, new Waiting(() => from, () => 250 + patience()));
  return elsewhere.get(from);
}

/** Something of `topic` changed; "*" means that anything may have. `said` is true for some seconds only. */
function changed(told) {
  const { topic, id, pages = 0 } = told;
  if (topic !== "*") spread = Math.min(SPREAD_MOST, pages * 100);
  document.dispatchEvent(new CustomEvent("kaja:live", { detail: told }));
  for (const element of document.querySelectorAll("[data-live][id]")) {
    const wanted = element.dataset.live.split(/\s+/);
    const only = element.dataset.liveId;
    if ((topic === "*" || wanted.includes(topic)) && (!only || !id || only === id)) waitingOf(element).add(element.id);
  }
}

if (address && "EventSource" in window) {
  let source = null;
  let lost = false;
  let pause = 5000;
  const connect = () => {
    source = new EventSource(address);
    source.addEventListener("change", (event) => changed(JSON.parse(event.data)));
    source.addEventListener("open", () => {
      // What happened while nobody listened is fetched.
      if (lost) changed({ topic: "*", id: null });
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
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const each of [ofPage, ...elsewhere.values()]) each.soon();
  });
}
