// A month to choose a day from: a grid for the keyboard and the screen reader. Arrows walk, Page Up and Page Down turn
// the month, Home and End go to the ends of the week, Enter chooses.

import { iso, shift, shiftMonth, weekdayOf, write } from "./write.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export { make };

export class Grid {
  /** `choose(day)` is called for the day that was picked. */
  constructor(facts, words, choose) {
    Object.assign(this, { facts, words, choose });
    this.title = make("strong", { "aria-live": "polite" });
    const back = make("button", { type: "button", class: "date-step", "aria-label": words.earlier }, "‹");
    const on = make("button", { type: "button", class: "date-step", "aria-label": words.later }, "›");
    back.addEventListener("click", () => this.turn(-1));
    on.addEventListener("click", () => this.turn(1));
    const heads = Array.from({ length: 7 }, (_, n) => {
      const weekday = (facts.first + n) % 7;
      return make("th", { scope: "col", abbr: facts.days[weekday] }, facts.weekdays[weekday]);
    });
    this.body = make("tbody");
    this.table = make("table", { role: "grid" }, make("thead", {}, make("tr", {}, ...heads)), this.body);
    this.element = make("div", { class: "date-month" }, make("div", { class: "date-head" }, back, this.title, on), this.table);
    this.body.addEventListener("click", (event) => {
      const day = event.target.closest("[data-day]")?.dataset.day;
      if (day) this.choose(day);
    });
    this.body.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Show the month of `day`; `chosen` is the day that the field holds. */
  draw(day, chosen = this.chosen) {
    Object.assign(this, { day, chosen });
    const { facts } = this;
    this.title.textContent = write(day, facts.month, facts);
    this.table.setAttribute("aria-label", this.title.textContent);
    const [year, month] = day.split("-").map(Number);
    const first = iso(year, month, 1);
    let at = shift(first, -((weekdayOf(first) - facts.first + 7) % 7));
    const rows = [];
    while (at.slice(0, 7) <= first.slice(0, 7)) {
      const row = make("tr");
      for (let n = 0; n < 7; n += 1, at = shift(at, 1)) row.append(this.cell(at, at.slice(0, 7) === first.slice(0, 7)));
      rows.push(row);
    }
    this.body.replaceChildren(...rows);
  }

  cell(day, inside) {
    const button = make("button", {
      type: "button", "data-day": day, tabindex: day === this.day ? 0 : -1, "aria-label": write(day, this.facts.full, this.facts),
    }, String(Number(day.slice(8))));
    if (!inside) button.className = "date-outside";
    if (day === this.facts.today) button.setAttribute("aria-current", "date");
    return make("td", { role: "gridcell", "aria-selected": String(day === this.chosen) }, button);
  }

  focus() {
    this.body.querySelector('[tabindex="0"]')?.focus();
  }

  turn(months) {
    this.draw(shiftMonth(this.day, months));
  }

  onKey(event) {
    const place = (weekdayOf(this.day) - this.facts.first + 7) % 7;
    const step = { ...STEPS, Home: -place, End: 6 - place }[event.key];
    const months = { PageUp: event.shiftKey ? -12 : -1, PageDown: event.shiftKey ? 12 : 1 }[event.key];
    if (step === undefined && months === undefined) return;
    event.preventDefault();
    this.draw(months === undefined ? shift(this.day, step) : shiftMonth(this.day, months));
    this.focus();
  }
}
