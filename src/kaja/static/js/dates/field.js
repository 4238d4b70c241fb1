// <kaja-date>: a field for a day, a time, or both, in the workspace's own format and zone. People type what they like
// ("27.11.", "27 nov", "930"), or open the month; free slots of the day are offered first. Its `value` is "2026-11-27",
// "09:00" or "2026-11-27T09:00", or empty. Without scripts its inputs hold the same and are sent as they are.

import { Grid, make } from "./grid.js";
import { parseDay, parseTime, shift, write } from "./write.js";

const HALF_HOURS = Array.from({ length: 48 }, (_, n) => `${String(n >> 1).padStart(2, "0")}:${n % 2 ? "30" : "00"}`);

class DateField extends HTMLElement {
  connectedCallback() {
    if (this.facts) return;
    this.facts = JSON.parse(this.dataset.facts);
    this.words = JSON.parse(this.dataset.words);
    this.day = this.querySelector("[data-part=day]");
    this.time = this.querySelector("[data-part=time]");
    const named = this.querySelector("input[name]");
    if (named && this.day) {
      // What is sent is the plain value; what is seen is how the workspace writes it.
      this.sent = make("input", { type: "hidden", name: named.name });
      named.removeAttribute("name");
      this.append(this.sent);
    }
    this.said = make("span", { class: "date-said", role: "alert" });
    this.append(this.said);
    const start = [this.day?.value, this.time?.value].filter(Boolean).join("T");
    for (const input of [this.day, this.time].filter(Boolean)) {
      input.addEventListener("input", (event) => event.stopPropagation());
      input.addEventListener("change", (event) => {
        event.stopPropagation();
        this.read(input);
      });
      input.addEventListener("keydown", (event) => this.onKey(event, input));
    }
    this.querySelector("[data-open-month]")?.addEventListener("click", () => this.openMonth());
    if (this.time) this.makeTimes();
    this.value = start;
  }

  get value() {
    if (this.day && this.time) return this.dayValue && this.timeValue ? `${this.dayValue}T${this.timeValue}` : "";
    return (this.day ? this.dayValue : this.timeValue) ?? "";
  }

  set value(text) {
    const [first, second] = String(text ?? "").split("T");
    this.dayValue = this.day ? first || "" : "";
    this.timeValue = ((this.day ? second : first) ?? "").slice(0, 5);
    this.show();
  }

  /** Which channels' free slots are offered; all of them where none is named. */
  set channels(ids) {
    this.wanted = ids;
  }

  /** The next full hour in the workspace's zone: a start for who chooses a time. */
  nextHour() {
    const wall = (ms) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: this.facts.zone })
      .format(new Date(ms)).replace(" ", "T");
    return `${wall(Date.now() + 3600e3).slice(0, 14)}00`;
  }

  focus(options) {
    (this.day ?? this.time).focus(options);
  }

  show() {
    if (this.day) this.day.value = this.dayValue ? write(this.dayValue, this.facts.pattern, this.facts) : "";
    if (this.time) this.time.value = this.timeValue;
    if (this.sent) this.sent.value = this.value;
    for (const input of [this.day, this.time].filter(Boolean)) {
      input.removeAttribute("aria-invalid");
      input.setCustomValidity("");
    }
    this.said.textContent = "";
  }

  /** Take what was typed; what is no day or time stays in the field and is said. */
  read(input) {
    const text = input.value.trim();
    const isDay = input === this.day;
    const found = text ? (isDay ? parseDay(text, this.facts) : parseTime(text)) : "";
    if (found === null) {
      const said = isDay ? this.words.noDay : this.words.noTime;
      if (isDay) this.dayValue = "";
      else this.timeValue = "";
      if (this.sent) this.sent.value = text; // the server refuses it in words, too
      input.setAttribute("aria-invalid", "true");
      input.setCustomValidity(said);
      this.said.textContent = said;
    } else {
      if (isDay) this.dayValue = found;
      else this.timeValue = found;
      this.show();
    }
    this.announce();
  }

  announce() {
    this.dispatchEvent(new Event("input", { bubbles: true }));
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  onKey(event, input) {
    if (event.key === "Enter") this.read(input);
    if (input === this.day && event.key === "ArrowDown") {
      event.preventDefault();
      this.openMonth();
    } else if (input === this.time) this.onTimeKey(event);
  }

  // The month, and the free slots of the day that is chosen in it.
  openMonth() {
    if (!this.month) this.makeMonth();
    this.grid.draw(this.dayValue || this.facts.today, this.dayValue);
    this.open(this.month, this.day);
    this.listSlots(this.dayValue || this.facts.today);
    this.grid.focus();
  }

  makeMonth() {
    this.grid = new Grid(this.facts, this.words, (day) => this.choose(day));
    this.slots = make("div", { class: "date-slots", role: "group", "aria-label": this.words.free });
    this.month = make("div", { class: "popover date-popover", popover: "auto", role: "dialog", "aria-label": this.words.choose },
      this.grid.element, this.slots);
    const near = make("div", { class: "date-near" });
    for (const [word, days] of [[this.words.today, 0], [this.words.tomorrow, 1], [this.words.week, 7]]) {
      const button = make("button", { type: "button", class: "button button-small button-quiet" }, word);
      button.addEventListener("click", () => this.choose(shift(this.facts.today, days)));
      near.append(button);
    }
    this.month.append(near);
    this.month.addEventListener("toggle", (event) => {
      this.querySelector("[data-open-month]")?.setAttribute("aria-expanded", String(event.newState === "open"));
    });
    this.append(this.month);
  }

  choose(day, time = "") {
    this.dayValue = day;
    if (time) this.timeValue = time;
    this.show();
    this.month.hidePopover();
    (time || !this.time || this.timeValue ? this.day : this.time).focus();
    this.announce();
  }

  open(popover, near) {
    if (!popover.matches(":popover-open")) popover.showPopover();
    this.place(popover, near);
    // What the field stands in may grow while it is open (the bar of the composer does): then it stands elsewhere.
    this.moved?.disconnect();
    this.moved = new ResizeObserver(() => {
      if (popover.matches(":popover-open")) this.place(popover, near);
      else this.moved.disconnect();
    });
    for (let each = this; each; each = each.parentElement) this.moved.observe(each, { box: "border-box" });
  }

  place(popover, near) {
    const at = near.getBoundingClientRect();
    popover.style.left = `${Math.max(8, Math.min(at.left, innerWidth - popover.offsetWidth - 8))}px`;
    const below = at.bottom + 4;
    const above = Math.max(8, at.top - popover.offsetHeight - 4);
    popover.style.top = `${below + popover.offsetHeight < innerHeight - 8 ? below : above}px`;
  }

  async free(day) {
    if (!this.dataset.slots) return [];
    const query = new URLSearchParams({ day });
    for (const id of this.wanted ?? []) query.append("channel", id);
    try {
      const answer = await fetch(`${this.dataset.slots}?${query}`);
      return answer.ok ? (await answer.json()).free : [];
    } catch {
      return []; // the field works without them
    }
  }

  async listSlots(day) {
    this.slots.replaceChildren();
    const found = await this.free(day);
    // Whoever has chosen meanwhile has closed it.
    if (!found.length || !this.month.matches(":popover-open")) return;
    const head = make("span", { class: "small muted" }, this.words.free);
    const buttons = found.map(({ at, words }) => {
      const button = make("button", { type: "button", class: "chip", title: words }, make("span", {}, at));
      button.setAttribute("aria-label", `${at}, ${words}`);
      button.addEventListener("click", () => this.choose(day, at));
      return button;
    });
    this.slots.replaceChildren(head, ...buttons);
    this.open(this.month, this.day);
  }

  // The times: free slots of the day, then the half hours.
  makeTimes() {
    const id = `${this.time.id}-times`;
    this.list = make("div", { class: "popover date-times", popover: "manual", role: "listbox", id, "aria-label": this.words.time });
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "none",
    })) this.time.setAttribute(name, value);
    this.append(this.list);
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(option.dataset.at);
    });
    this.time.addEventListener("click", () => this.openTimes());
    this.time.addEventListener("blur", () => this.closeTimes());
  }

  async openTimes() {
    const free = this.day && this.dayValue ? await this.free(this.dayValue) : [];
    if (document.activeElement !== this.time) return;
    const options = [
      ...free.map(({ at, words }) => ({ at, words })),
      ...HALF_HOURS.filter((at) => !free.some((each) => each.at === at)).map((at) => ({ at, words: "" })),
    ];
    this.list.replaceChildren(...options.map(({ at, words }, index) => {
      const option = make("div", { role: "option", id: `${this.list.id}-${index}`, "data-at": at, "aria-selected": "false" }, at);
      if (words) option.append(make("span", { class: "small muted" }, ` ${words}`));
      return option;
    }));
    this.open(this.list, this.time);
    this.time.setAttribute("aria-expanded", "true");
    const near = options.findIndex(({ at }) => at === this.timeValue);
    this.mark(near >= 0 ? near : free.length ? 0 : 18, near >= 0);
  }

  closeTimes() {
    if (!this.list.matches(":popover-open")) return;
    this.list.hidePopover();
    this.time.setAttribute("aria-expanded", "false");
    this.time.removeAttribute("aria-activedescendant");
    this.at = -1;
  }

  mark(index, selected = true) {
    const options = [...this.list.children];
    this.at = Math.max(0, Math.min(index, options.length - 1));
    options.forEach((option, n) => option.setAttribute("aria-selected", String(selected && n === this.at)));
    options[this.at].scrollIntoView({ block: "nearest" });
    if (selected) this.time.setAttribute("aria-activedescendant", options[this.at].id);
  }

  take(at) {
    this.timeValue = at;
    this.closeTimes();
    this.show();
    this.announce();
  }

  onTimeKey(event) {
    const open = this.list.matches(":popover-open");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (open) this.mark(this.at + step);
      else this.openTimes();
    } else if (open && event.key === "Enter") {
      const marked = this.list.querySelector('[aria-selected="true"]');
      if (marked && this.time.getAttribute("aria-activedescendant")) {
        event.preventDefault();
        this.take(marked.dataset.at);
      }
    } else if (open && event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.closeTimes();
    }
  }
}

customElements.define("kaja-date", DateField);
