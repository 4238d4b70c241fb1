// The palette: the server finds, here one types and chooses.

const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const results = dialog?.querySelector(".palette-results");
let asked = 0;
let timer = 0;

async function find() {
  const number = ++asked;
  const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(input.value)}`, {
    headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
  }).catch(() => null);
  // A slow old answer never covers a newer one.
  if (number !== asked || !answer?.ok) return;
  results.innerHTML = await answer.text();
  input.setAttribute("aria-expanded", String(options().length > 0));
  choose(0);
}

const options = () => [...results.querySelectorAll("[role=option]")];

function choose(index) {
  const all = options();
  if (!all.length) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  const next = (index + all.length) % all.length;
  all.forEach((option, i) => option.setAttribute("aria-selected", String(i === next)));
  input.setAttribute("aria-activedescendant", all[next].id);
  all[next].scrollIntoView({ block: "nearest" });
}

const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

/** Open the palette; false where the page has none. */
export function openPalette() {
  if (!dialog || document.querySelector("dialog[open]")) return false;
  input.value = "";
  dialog.showModal();
  input.focus();
  find();
  return true;
}

input?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, 80);
});

input?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    choose(chosen() + (event.key === "ArrowDown" ? 1 : -1));
    event.preventDefault();
  } else if (event.key === "Enter") {
    const option = options()[chosen()];
    option?.click();
    event.preventDefault();
  }
});

// A press on the dark around it closes it.
dialog?.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
  if (event.target.closest("[data-open-keys]")) dialog.close();
});
