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
    ...found.map(([character, name], index) => {
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

/** How well a word fits: a whole word of the name, of the words that find it, the beginning of one, within one. */
function rank(word, name, others) {
  const texts = [` ${name} `, ` ${others} `];
  const ways = [` ${word} `, ` ${word}`, word];
  const at = ways.flatMap((way) => texts.map((text) => text.includes(way))).indexOf(true);
  return at < 0 ? NaN : at;
}

/** The emoji that every typed word finds, in the reader's language or in English; those that fit best come first. */
function find(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return emoji
    .map((each) => [words.reduce((sum, word) => sum + rank(word, each[1], each[2]), 0), each])
    .filter(([sum]) => !Number.isNaN(sum))
    .sort((a, b) => a[0] - b[0])
    .map(([, each]) => each);
}

/**
 * Opens at once, so that nothing typed goes elsewhere while the list is fetched; Enter takes the first that matches
 * what stands in the field at that moment, also when the list arrives only later.
 */
export async function pickEmoji(source, button, insert) {
  const picker = document.getElementById("emoji-picker");
  const grid = picker.querySelector(".emoji-grid");
  const search = picker.querySelector("input");
  let entered = false;
  const choose = (character) => {
    picker.hidePopover();
    insert(character);
  };
  const takeFirst = () => {
    const [first] = find(search.value);
    if (first) choose(first[0]);
  };
  search.value = "";
  grid.replaceChildren();
  open(picker, button);
  search.focus();
  search.oninput = () => {
    entered = false;
    if (emoji) draw(grid, find(search.value));
  };
  search.onkeydown = (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      grid.firstElementChild?.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      entered = true;
      if (emoji) takeFirst();
    }
  };
  grid.onkeydown = (event) => walk(event, grid);
  grid.onclick = (event) => {
    const chosen = event.target.closest("button");
    if (chosen) choose(chosen.textContent);
  };
  if (!emoji) {
    emoji = await (await fetch(source)).json();
    if (!picker.matches(":popover-open")) return;
  }
  draw(grid, find(search.value));
  if (entered) takeFirst();
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

/** What was approved in a crisis, word by word. */
export function pickStatement(button, insert) {
  const picker = document.getElementById("statement-picker");
  open(picker, button);
  picker.querySelector("[data-statement]")?.focus();
  picker.onclick = (event) => {
    const chosen = event.target.closest("[data-statement]");
    if (!chosen) return;
    picker.hidePopover();
    insert(chosen.textContent);
  };
}
