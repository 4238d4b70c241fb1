// Saving: a little after the last key; what is not saved yet lives in this browser until it is.

import { fill, NoAnswer, post, reasons } from "../kit/ask.js";

const PAUSE = 2000;
const RETRY = 8000;

export class Saver {
  constructor(root, state, words, onConflict, onSaved) {
    Object.assign(this, { root, state, words, onConflict, onSaved });
    this.place = document.getElementById("save-state");
    this.dirty = false;
    this.version = 0; // counts changes, so that one made during a save is not taken for saved
    this.timer = 0;
    this.running = null;
    this.stopped = false;
    addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.leaving) event.preventDefault();
    });
    addEventListener("online", () => this.dirty && this.save());
    document.addEventListener("visibilitychange", () => document.hidden && this.keep());
  }

  get key() {
    return `kaja:draft:${this.root.dataset.workspace}:${this.state.saved ? this.state.post : "new"}`;
  }

  /** What this browser kept and the server never got, or null. */
  found() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      const same = kept && JSON.stringify(kept.document) === JSON.stringify(this.state.document);
      return kept && !same ? kept : null;
    } catch {
      return null;
    }
  }

  forget(key = this.key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Storage may be closed to us; then nothing was kept either.
    }
  }

  keep() {
    if (!this.dirty) return;
    try {
      localStorage.setItem(this.key, JSON.stringify(this.state.payload()));
    } catch {
      // Full or forbidden: the page still holds the text and asks before it is left.
    }
  }

  changed() {
    this.version += 1;
    if (this.state.isEmpty() && !this.state.saved) {
      this.dirty = false;
      this.forget();
      return;
    }
    this.dirty = true;
    this.say(this.words.unsaved);
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keep(), 250);
    this.plan(PAUSE);
  }

  plan(wait) {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.save(), wait);
  }

  say(text, bad = false) {
    this.place.textContent = text;
    this.place.classList.toggle("save-bad", bad);
  }

  async save() {
    if (!this.dirty || this.stopped) return;
    if (this.running) return this.running;
    clearTimeout(this.timer);
    this.running = this.send(this.root.dataset.save).finally(() => (this.running = null));
    await this.running;
    if (this.dirty && !this.stopped) this.plan(PAUSE);
  }

  /** Send everything to `url`; resolves to the answer's data when it is saved, else to null. */
  async send(url) {
    this.keep();
    const version = this.version;
    const key = this.key;
    this.say(this.words.saving);
    let answer;
    try {
      answer = await post(url, this.state.payload());
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.say(this.words.offline, true);
      this.plan(RETRY);
      return null;
    }
    const { status, data } = answer;
    if (data.post) this.took(data, version, key);
    if (data.location) {
      this.leaving = true;
      location.assign(data.location);
      return data;
    }
    if (status === 409 && data.conflict) {
      this.stopped = true;
      this.say(reasons(data), true);
      this.onConflict(data);
      return null;
    }
    // Saved, but what the button said beyond that was refused.
    if (status >= 400 && data.post) this.root.say(reasons(data), "needs");
    else if (status === 401 || (status === 403 && !data.problems)) this.say(this.words.signedOut, true);
    else if (status >= 400) this.say(fill(this.words.refused, { reason: reasons(data) }), true);
    return data.post ? data : null;
  }

  took(data, version, key) {
    const first = !this.state.saved;
    this.state.post = data.post;
    this.state.revision = data.revision;
    if (version === this.version) {
      this.dirty = false;
      this.say(data.saved);
    }
    this.forget(key);
    this.keep();
    if (first || data.copied) history.replaceState(history.state, "", data.edit);
    if (data.copied) this.root.say(data.copied, "warning");
    this.onSaved(data);
  }

  /** Begin again after a conflict, knowing the newer revision. */
  resume(revision) {
    this.state.revision = revision;
    this.stopped = false;
    this.dirty = true;
    this.version += 1;
    this.save();
  }
}
