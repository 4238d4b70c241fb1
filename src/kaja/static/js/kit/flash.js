// Toasts: over the page, so that nothing on it moves. What was done goes by itself after a while, but never while
// somebody points at it, has the focus in it, or looks at another window; warnings and refusals stay until they are
// dismissed. `z` takes the last step back. Refused fragments and lost connections are said here too.

const STAYS = { done: 7000, info: 10000 };
const STAYS_WITH_UNDO = 20000;
const SHOWN_MAX = 4;

const place = () => document.getElementById("flashes");
const toasts = () => [...(place()?.querySelectorAll("[data-flash]") ?? [])];
const read = (toast) => document.hidden || toast.matches(":hover, :focus-within");

function dismiss(toast) {
  // The focus goes on to the next message, or back to the page, and is not lost.
  const focused = toast.contains(document.activeElement);
  const others = toasts().filter((each) => each !== toast);
  toast.remove();
  if (!focused) return;
  const next = others.at(-1)?.querySelector("button") ?? document.getElementById("main");
  next?.focus({ preventScroll: true });
}

function goLater(toast) {
  const time = toast.querySelector("[data-undo]") ? STAYS_WITH_UNDO : STAYS[toast.dataset.flash];
  if (!STAYS[toast.dataset.flash]) return;
  const later = () =>
    setTimeout(() => {
      if (!toast.isConnected) return;
      if (read(toast)) later();
      else dismiss(toast);
    }, time);
  later();
}

/** Look after toasts that came in: each goes in its time, and of many the oldest that may go make room. */
function settle(added) {
  for (const toast of added) goLater(toast);
  const shown = toasts();
  const spare = shown.filter((toast) => STAYS[toast.dataset.flash] && !read(toast) && !added.includes(toast));
  for (const toast of spare.slice(0, Math.max(0, shown.length - SHOWN_MAX))) toast.remove();
}

const watcher = new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.matches?.("[data-flash]"));
  if (added.length) settle(added);
});
if (place()) watcher.observe(place(), { childList: true });

// What came with the page is put in once more: screen readers tell only what comes into a region that they know.
const first = toasts();
if (first.length) {
  place().replaceChildren();
  requestAnimationFrame(() => place().append(...first));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (!button) return;
  const toast = button.closest("[data-flash]");
  if (toast) dismiss(toast);
  else button.closest(".notice").remove();
});

document.addEventListener("keydown", (event) => {
  const toast = event.key === "Escape" && event.target.closest?.("[data-flash]");
  if (toast) dismiss(toast);
});

/** Take the last step back, if there is one that can be. */
export function undoLast() {
  toasts().map((toast) => toast.querySelector("[data-undo]")).filter(Boolean).at(-1)?.click();
}

/** Show messages that the server rendered. */
export function show(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  place().append(...holder.content.querySelectorAll("[data-flash]"));
}

/** Show a message (already in the person's language). `kind`: done, info, warning, needs. */
export function say(text, kind = "info") {
  if (!place() || toasts().some((toast) => toast.querySelector("p").textContent === text)) return;
  const template = document.getElementById("flash-template");
  const toast = template.content.firstElementChild.cloneNode(true);
  for (const symbol of toast.querySelectorAll("[data-for]")) if (symbol.dataset.for !== kind) symbol.remove();
  toast.classList.add(`notice-${kind}`);
  toast.dataset.flash = kind;
  toast.setAttribute("role", kind === "needs" ? "alert" : "status");
  toast.querySelector("p").textContent = text;
  place().append(toast);
}

// A request that got no answer at all: say so where the person looks, and keep what they typed.
document.addEventListener("htmx:error", (event) => {
  const words = document.getElementById("flash-template")?.dataset;
  if (words && event.detail?.ctx?.request && event.target.dataset?.quiet === undefined) say(words.noAnswer, "needs");
});

// A whole page of error never lands inside a part of a page.
document.addEventListener("htmx:before:swap", (event) => {
  const { response, hx, text } = event.detail.ctx;
  if (!response || response.status < 400 || hx?.retarget) return;
  if (response.status >= 500 || /^\s*<!doctype/i.test(text ?? "")) {
    event.preventDefault();
    const words = document.getElementById("flash-template").dataset;
    say(response.status >= 500 ? words.failed : words.gone, "needs");
  }
});
