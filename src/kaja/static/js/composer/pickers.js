// Emoji and hashtags: a small popover beside the button; what is chosen is put at the cursor.

let emoji = null;

function open(picker, button) {
  picker.showPopover();
  button.setAttribute("aria-expanded", "true");
  const at = button.getBoundingClientRect();
  const size = picker.getBoundingClientRect();
  picker.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  const below = at.bottom + 4;
  picker.style.top = `${below + size.height < innerHeight ? below : Math.max(8, at.top - size.height - 4)}px`;
  picker.addEventListener("toggle", () => button.setAttribute("aria-expanded", String(picker.matches(":popover-open"))));
}

function draw(grid, found) {
  grid.replaceChildren(
    ...found.slice(0, 400).map(([character, name], index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "option");
      button.textContent = character;
      button.title = name;
      button.setAttribute("aria-label", name);
      button.tabIndex = index ? -1 : 0;
      return button;
    }),
  );
}

/** Arrows walk through the grid. */
function walk(event, grid) {
  const buttons = [...grid.children];
  const at = buttons.indexOf(document.activeElement);
  if (at < 0) return;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  if (!step) return;
  event.preventDefault();
  buttons[Math.min(Math.max(at + step, 0), buttons.length - 1)].focus();
}

export async function pickEmoji(source, button, insert) {
  const picker = document.getElementById("emoji-picker");
  const grid = picker.querySelector(".emoji-grid");
  const search = picker.querySelector("input");
  emoji ??= await (await fetch(source)).json();
  search.value = "";
  draw(grid, emoji);
  open(picker, button);
  search.focus();
  search.oninput = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    draw(grid, emoji.filter(([, name]) => words.every((word) => name.includes(word))));
  };
  search.onkeydown = (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      grid.firstElementChild?.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      grid.firstElementChild?.click();
    }
  };
  grid.onkeydown = (event) => walk(event, grid);
  grid.onclick = (event) => {
    const chosen = event.target.closest("button");
    if (!chosen) return;
    picker.hidePopover();
    insert(chosen.textContent);
  };
}

export function pickTag(button, insert) {
  const picker = document.getElementById("tag-picker");
  open(picker, button);
  picker.querySelector("[data-tag]")?.focus();
  picker.onclick = (event) => {
    const chosen = event.target.closest("[data-tag]");
    if (!chosen) return;
    picker.hidePopover();
    insert(`#${chosen.dataset.tag} `);
  };
}
