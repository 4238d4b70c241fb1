// Keys: c writes a post, Ctrl/Cmd-K finds, ? lists, z undoes the last step, g then a letter goes somewhere ([data-go="letter"]).
// A page adds its own with `bindKey("j", action)`.
import { undoLast } from "./kit/flash.js";
import { openPalette } from "./palette.js";

const bound = new Map();
let afterG = 0;

/** Call `action(event)` when `key` is pressed outside fields and dialogs. Returns a function that unbinds it. */
export function bindKey(key, action) {
  bound.set(key, action);
  return () => bound.delete(key);
}

const typing = (element) =>
  element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.closest("[role=textbox]");

export function openKeys() {
  document.getElementById("keys-dialog")?.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    if (openPalette()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key;
  if (Date.now() - afterG < 1500) {
    afterG = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  if (key === "g") {
    afterG = Date.now();
    return;
  }
  if (key === "?") {
    event.preventDefault();
    openKeys();
  } else if (key === "z") {
    undoLast();
  } else if (bound.has(key)) {
    bound.get(key)(event);
  } else if (key === "c" && document.body.dataset.compose) {
    event.preventDefault();
    location.href = document.body.dataset.compose;
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open-keys]")) openKeys();
  if (event.target.closest("[data-open-palette]")) openPalette();
});
