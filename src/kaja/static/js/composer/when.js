// The bar: now, the next free slot, or a time. The words for it come from Kaja with every check.

export class When {
  constructor(root, state) {
    this.state = state;
    this.buttons = [...root.querySelectorAll("[data-when-mode]")];
    this.local = root.querySelector(".when-local kaja-date"); // a network may have fields for a time, too
    // The channels whose free slots the field offers.
    const tell = () => (this.local.channels = state.channels);
    state.addEventListener("change", tell);
    tell();
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button.dataset.whenMode));
    root.querySelector('[role="radiogroup"]').addEventListener("keydown", (event) => this.onKey(event));
    this.local.addEventListener("input", () => {
      state.when = { mode: "time", local: this.local.value };
      state.changed("when");
    });
    this.draw();
  }

  choose(mode) {
    if (mode === "time" && !this.local.value) this.local.value = this.suggestion ?? this.local.nextHour();
    this.state.when = { mode, local: mode === "time" ? this.local.value : "" };
    this.draw();
    this.state.changed("when");
    if (mode === "time") this.local.focus();
  }

  draw() {
    const { mode } = this.state.when;
    for (const button of this.buttons) {
      const chosen = button.dataset.whenMode === mode;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    this.local.closest(".when-local").hidden = mode !== "time";
  }

  onKey(event) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const at = this.buttons.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = this.buttons[(at + step + this.buttons.length) % this.buttons.length];
    this.choose(next.dataset.whenMode);
    next.focus();
  }
}
