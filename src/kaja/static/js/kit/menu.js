// Menus are <details data-menu>: they work without this; here they close by Escape, by a press outside, and when
// another opens, and arrows move through their items.

const open = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const items = [...menu.querySelectorAll(".menu-item")];
    const here = items.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    items[(here + step + items.length) % items.length]?.focus();
    event.preventDefault();
  }
});

// The page of components can be looked at in both themes.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-set]");
  if (button) document.documentElement.dataset.theme = button.dataset.themeSet;
});
