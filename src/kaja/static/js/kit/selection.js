// Which things of a page are selected, by keys that outlive a swap, and the bar that does one thing to all of them
// (`{% bulk %}`). The page says what its things are and how a selected one looks.

import { fill } from "./ask.js";

export class Selection {
  #chosen = new Set();
  #anchor = null;

  /** `things()` are the elements in their order, `keyOf(element)` is the key of one, `nameOf` what it is called,
   * `mark(element, on)` draws it; `all` finds the box that selects all, `say` tells screen readers. */
  constructor({ bar, things, keyOf, nameOf, mark, all = () => null, say = () => {} }) {
    Object.assign(this, { bar, things, keyOf, nameOf, mark, all, say });
    bar?.querySelector("[data-bulk-clear]").addEventListener("click", () => this.clear());
  }

  has(key) {
    return this.#chosen.has(key);
  }

  get size() {
    return this.#chosen.size;
  }

  /** In the order of the page. */
  keys() {
    return this.things().map(this.keyOf).filter((key) => this.#chosen.has(key));
  }

  /** Draw the selection again; what is no longer on the page is no longer selected. */
  draw() {
    const things = this.things();
    const there = new Set(things.map(this.keyOf));
    for (const key of [...this.#chosen]) if (!there.has(key)) this.#chosen.delete(key);
    for (const thing of things) this.mark(thing, this.#chosen.has(this.keyOf(thing)));
    const all = this.all();
    if (all) {
      all.checked = this.size > 0 && this.size === things.length;
      all.indeterminate = this.size > 0 && !all.checked;
    }
    if (!this.bar) return;
    this.bar.hidden = this.size === 0;
    this.bar.querySelector("[data-bulk-count]").textContent = fill(this.bar.dataset.selected, { count: this.size });
  }

  #set(thing, on) {
    if (on) this.#chosen.add(this.keyOf(thing));
    else this.#chosen.delete(this.keyOf(thing));
  }

  /** Select one more or one less; with `range`, all from the last one to this. */
  toggle(thing, range = false) {
    if (!this.bar) return;
    const things = this.things();
    const from = things.findIndex((each) => this.keyOf(each) === this.#anchor);
    if (range && from >= 0) {
      const to = things.indexOf(thing);
      for (const each of things.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#set(each, true);
    } else this.#set(thing, range || !this.has(this.keyOf(thing)));
    this.#anchor = this.keyOf(thing);
    this.draw();
    this.say(fill(this.bar.dataset.selectedOne, { count: this.size, name: this.nameOf(thing) }));
  }

  toggleAll(on) {
    for (const thing of this.things()) this.#set(thing, on);
    this.draw();
  }

  clear() {
    this.#chosen.clear();
    this.draw();
    this.say(this.bar?.dataset.none ?? "");
  }
}
