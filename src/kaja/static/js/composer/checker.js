// Asks Kaja, shortly after the last key, how the post would look and what is wrong. Typing never waits for it; only
// the newest answer is shown.

import { NoAnswer, post } from "../kit/ask.js";

const PAUSE = 300;

export class Checker {
  constructor(root, state, words, onCounts, onForms) {
    Object.assign(this, { root, state, words, onCounts, onForms });
    this.previews = root.querySelector("#previews");
    this.problems = root.querySelector("#problems");
    this.button = root.querySelector("#finish");
    this.whenWords = root.querySelector("#when-words");
  }

  soon(wait = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), wait);
  }

  async check() {
    this.asking?.abort();
    this.asking = new AbortController();
    let answer;
    try {
      answer = await post(this.root.dataset.check, this.state.payload(), { signal: this.asking.signal });
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof NoAnswer)) throw error;
      this.previews.classList.add("previews-old");
      this.previews.title = this.words.checkFailed;
      this.soon(5000);
      return;
    }
    if (answer.status !== 200) return;
    const { data } = answer;
    this.previews.classList.remove("previews-old");
    this.previews.removeAttribute("title");
    replace(this.previews, data.previews);
    replace(this.problems, data.problems);
    this.showPlan(data.plan);
    this.onCounts(data.counts);
    this.onForms(data.forms);
  }

  showPlan(plan) {
    this.plan = plan;
    this.button.textContent = plan.button;
    this.button.disabled = false;
    this.button.dataset.then = plan.action;
    // Several in a row: for what is planned anew, not for what is out already.
    const next = this.button.closest(".bar-actions").querySelector("#finish-next");
    if (next) next.hidden = !plan.enabled || plan.action !== "publish";
    // Not disabled: pressing it leads to the first problem, and a keyboard can reach it.
    this.button.setAttribute("aria-disabled", String(!plan.enabled));
    this.whenWords.textContent = plan.words;
    // What has gone out everywhere has no time to choose any more.
    this.button.closest(".composer-bar").classList.toggle("bar-settled", plan.action === "save");
    if (plan.note) {
      const note = document.createElement("span");
      note.className = "when-note";
      note.textContent = plan.note;
      this.whenWords.append(" ", note);
    }
  }
}

/** Swap server-rendered HTML in, but only when it is new: pictures do not flicker, focus stays. */
function replace(place, html) {
  const fresh = html.trim();
  if (place.fromServer === fresh) return;
  place.fromServer = fresh;
  const had = place.contains(document.activeElement) ? [...place.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  const holder = document.createElement("template");
  holder.innerHTML = fresh;
  place.replaceChildren(holder.content);
  if (had >= 0) place.querySelectorAll("button")[had]?.focus();
}
