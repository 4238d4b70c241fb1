// Saved replies: found by a word, taken with Enter. The server has put the names in already.

import { byId } from "./places.js";

let found = [];

function draw(list, typed) {
  const wordsOf = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = found.filter((each) => {
    const all = `${each.title} ${each.text}`.toLowerCase();
    return wordsOf.every((word) => all.includes(word));
  });
  list.replaceChildren(
    ...shown.slice(0, 50).map((each, index) => {
      const li = document.createElement("li");
      li.setAttribute("role", "option");
      li.id = `saved-${index}`;
      li.setAttribute("aria-selected", String(index === 0));
      const title = document.createElement("strong");
      title.textContent = each.title;
      title.dir = "auto";
      if (each.language) {
        const language = document.createElement("span");
        language.className = "small muted";
        language.textContent = ` · ${each.language}`;
        title.append(language);
      }
      const text = document.createElement("span");
      text.textContent = each.text;
      text.dir = "auto";
      text.className = "small muted";
      li.append(title, text);
      li.text_ = each.text;
      return li;
    }),
  );
  return shown.length;
}

/** Let somebody choose; `insert` gets the words, `back` is called where nothing was chosen. */
export async function pickSaved(url, button, insert, back) {
  const picker = byId("saved-picker");
  const list = byId("saved-found");
  const search = picker.querySelector("input");
  let chose = false;
  const close = (text) => {
    chose = text !== undefined;
    picker.hidePopover();
    if (chose) insert(text);
    else back();
  };
  const choose = (step) => {
    const all = [...list.children];
    const here = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = all[(here + step + all.length) % all.length];
    for (const each of all) each.setAttribute("aria-selected", String(each === next));
    next?.scrollIntoView({ block: "nearest" });
    if (next) search.setAttribute("aria-activedescendant", next.id);
  };
  search.value = "";
  list.replaceChildren();
  picker.showPopover();
  const at = button.getBoundingClientRect();
  const size = picker.getBoundingClientRect();
  picker.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  picker.style.top = `${Math.max(8, at.top - size.height - 4)}px`;
  button.setAttribute("aria-expanded", "true");
  picker.addEventListener("toggle", (event) => {
    if (event.newState === "closed") button.setAttribute("aria-expanded", "false");
  }, { once: true });
  search.focus();
  search.oninput = () => draw(list, search.value);
  search.onkeydown = (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const here = [...list.children].find((each) => each.getAttribute("aria-selected") === "true");
      if (here) close(here.text_);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  };
  list.onclick = (event) => {
    const li = event.target.closest("li");
    if (li) close(li.text_);
  };
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  found = answer?.ok ? (await answer.json()).replies : [];
  if (!picker.matches(":popover-open")) return;
  draw(list, search.value);
  picker.querySelector("[data-none]").hidden = found.length > 0;
  picker.style.top = `${Math.max(8, at.top - picker.getBoundingClientRect().height - 4)}px`;
}
