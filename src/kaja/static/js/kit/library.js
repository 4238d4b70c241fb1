// The files of the workspace, to choose one that is there already: newest first, found by name or description. The same
// dialog for posts and for answers; `take` gets a file as an upload would give it.

import { reasons } from "./ask.js";
import { say } from "./flash.js";

const PAUSE = 250;

async function ask(url, query) {
  const address = new URL(url, location.href);
  for (const [name, value] of Object.entries(query)) if (value) address.searchParams.set(name, value);
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  const data = answer && (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : null;
  if (answer?.ok && data) return data;
  say((data && reasons(data)) || document.getElementById("library-dialog").dataset.away, "needs");
  return { files: [], next: "" };
}

function draw(file) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "library-file";
  button.dataset.file = file.id;
  button.title = file.alt || file.filename;
  button.setAttribute("aria-label", [file.filename, file.alt].filter(Boolean).join(": "));
  const image = document.createElement("img");
  image.src = file.thumbnail;
  image.alt = "";
  image.loading = "lazy";
  image.width = image.height = 96;
  const name = document.createElement("span");
  name.className = "truncate small";
  name.dir = "auto";
  name.textContent = file.filename;
  button.append(image, name);
  return button;
}

/** Let somebody choose; `kinds` narrows it ("image,gif"). The focus goes back to where it was by itself. */
export function pickFromLibrary(kinds, take) {
  const dialog = document.getElementById("library-dialog");
  const grid = dialog.querySelector(".library-grid");
  const search = dialog.querySelector("input");
  const more = dialog.querySelector("[data-more]");
  const known = new Map();
  let next = "";
  let asked = 0;
  let timer = 0;

  const load = async (fresh) => {
    const number = ++asked;
    const found = await ask(dialog.dataset.files, { kind: kinds, q: search.value.trim(), after: fresh ? "" : next });
    if (number !== asked || !dialog.open) return;
    for (const file of found.files) known.set(file.id, file);
    const drawn = found.files.map(draw);
    if (fresh) grid.replaceChildren(...drawn);
    else {
      grid.append(...drawn);
      drawn[0]?.focus();
    }
    next = found.next;
    more.hidden = !next;
    dialog.querySelector("[data-none]").hidden = grid.children.length > 0;
  };

  search.value = "";
  grid.replaceChildren();
  more.hidden = dialog.querySelector("[data-none]").hidden = true;
  search.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => load(true), PAUSE);
  };
  search.onkeydown = (event) => {
    if (event.isComposing || (event.key !== "ArrowDown" && event.key !== "Enter")) return;
    event.preventDefault();
    grid.firstElementChild?.focus();
  };
  grid.onkeydown = (event) => {
    const all = [...grid.children];
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!step) return;
    event.preventDefault();
    const to = all.indexOf(document.activeElement) + step;
    if (to < 0) search.focus();
    else all[Math.min(to, all.length - 1)]?.focus();
  };
  grid.onclick = (event) => {
    const chosen = event.target.closest("[data-file]");
    if (!chosen) return;
    dialog.close();
    take(known.get(chosen.dataset.file));
  };
  more.onclick = () => load(false);
  dialog.addEventListener("close", () => {
    asked += 1;
    clearTimeout(timer);
  }, { once: true });
  dialog.showModal();
  search.focus();
  load(true);
}
