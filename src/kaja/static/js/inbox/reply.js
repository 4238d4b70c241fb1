// The box: an answer or a note. What is written is kept in this browser until it is sent; a press that got no answer can
// be repeated without sending twice, because the page chose the answer's key.

import { fill, NoAnswer, post, reasons } from "../kit/ask.js";
import { say } from "../kit/flash.js";
import { pickFromLibrary } from "../kit/library.js";
import { newId } from "../ids.js";
import { grow } from "../composer/editor.js";
import { pickEmoji } from "../composer/pickers.js";
import { announce, byId, isNarrow, root, thread, words } from "./places.js";
import { neighbour, openNext, refreshOpened, toEnd } from "./open.js";
import { drawDraft, dropDraft, useDraft } from "./drafts.js";
import { drawFiles, uploadFiles } from "./files.js";
import { drawMeasure } from "./measure.js";
import { writing } from "./presence.js";
import { refreshRows } from "./list.js";
import { pickSaved } from "./saved.js";
import { send } from "./work.js";

const KEPT_DAYS = 30;
const PREFIX = "kaja-reply-";
const STILL_WRITING = 6000;

class Reply extends HTMLElement {
  connectedCallback() {
    this.id_ = this.dataset.conversation;
    this.key = `${PREFIX}${root().dataset.me}-${this.id_}`;
    this.field = this.querySelector("#reply-text");
    this.form = this.querySelector(".reply-form");
    this.files = this.querySelector(".reply-files");
    this.languages = this.querySelector(".reply-language");
    this.usual = this.languages?.value ?? null; // the conversation's, where there is something to choose
    this.takesFiles = this.querySelector('input[type="file"]') !== null;
    this.notesOnly = this.dataset.notesOnly !== undefined;
    this.running = new Map();
    this.state = this.load();
    this.draw();
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.field.addEventListener("paste", (event) => {
      const given = [...(event.clipboardData?.files ?? [])];
      if (!given.length || !this.takesFiles || this.state.mode !== "reply") return;
      event.preventDefault();
      this.add(given);
    });
    this.addEventListener("click", (event) => this.onClick(event));
    this.addEventListener("change", (event) => {
      if (event.target === this.languages) {
        this.state.language = this.languages.value;
        this.keep();
        this.check();
      }
      if (event.target.type !== "file") return;
      this.add([...event.target.files]);
      event.target.value = "";
    });
    for (const type of ["dragover", "drop"]) {
      this.addEventListener(type, (event) => {
        if (!event.dataTransfer?.types.includes("Files") || !this.takesFiles || this.state.mode !== "reply") return;
        event.preventDefault();
        if (type === "drop") this.add([...event.dataTransfer.files]);
      });
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.send();
    });
    this.onTakenBack = () => this.putBack();
    document.addEventListener("inbox:taken-back", this.onTakenBack);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    clearTimeout(this.still);
    clearInterval(this.countdown);
    document.removeEventListener("inbox:taken-back", this.onTakenBack);
    for (const abort of this.running.values()) abort.abort();
  }

  // What is kept

  fresh(mode = "reply") {
    return { text: "", media: [], mode: this.notesOnly ? "note" : mode, to: null, key: newId(), seen: null, language: null, at: 0 };
  }

  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      if (kept?.key && Date.now() - kept.at < KEPT_DAYS * 86_400_000) {
        return { ...this.fresh(), ...kept, mode: this.notesOnly ? "note" : kept.mode };
      }
    } catch {
      // Nothing readable is kept.
    }
    return { ...this.fresh(), text: this.notesOnly ? "" : (this.dataset.draft ?? "") };
  }

  keep() {
    const { text, media, to } = this.state;
    const place = this.querySelector(".reply-kept");
    try {
      if (!text && !media.length && !to) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify({ ...this.state, at: Date.now() }));
      const said = text ? words.kept : "";
      if (place.textContent !== said) place.textContent = said;
    } catch {
      place.textContent = ""; // no room, or not allowed: then nothing is promised
    }
  }

  // What is seen

  draw() {
    const { state } = this;
    this.field.value = state.text;
    grow(this.field);
    this.classList.toggle("is-note", state.mode === "note");
    for (const button of this.querySelectorAll("[data-mode]")) {
      const on = button.dataset.mode === state.mode;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    for (const each of this.querySelectorAll("[data-for]")) each.hidden = each.dataset.for !== state.mode;
    this.field.placeholder = this.field.dataset[state.mode];
    if (this.languages) {
      this.languages.value = state.language ?? this.usual;
      if (this.languages.selectedIndex < 0) this.languages.value = this.usual;
    }
    const button = this.querySelector(".reply-send");
    button.querySelector("span").textContent = button.dataset[state.mode];
    const to = this.querySelector(".reply-to");
    to.hidden = !state.to || state.mode !== "reply";
    if (state.to) to.querySelector("bdi").textContent = state.to.name;
    drawDraft(this);
    this.drawFiles();
    this.check();
  }

  drawFiles() {
    const { media, mode } = this.state;
    drawFiles(this.files, media, [...this.running.keys()], {
      changed: () => this.keep(),
      removed: () => {
        this.keep();
        this.drawFiles();
        this.field.focus();
      },
    });
    this.files.hidden = mode !== "reply" || !this.files.children.length;
  }

  /** Go to the box: `mode` is "reply" or "note". */
  begin(mode, to = null) {
    if (mode === "reply" && this.notesOnly) {
      byId("reply-why")?.scrollIntoView({ block: "nearest" });
      announce(byId("reply-why")?.textContent.trim() ?? "");
      return;
    }
    this.state.mode = mode;
    if (to) this.state.to = to;
    this.draw();
    this.keep();
    root().classList.add("writes");
    this.field.focus();
    toEnd();
  }

  typed() {
    this.state.text = this.field.value;
    this.state.seen ??= Number(thread().dataset.count);
    grow(this.field);
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), 250);
    if (this.state.mode !== "reply") return;
    writing(this.state.text !== "");
    clearTimeout(this.still);
    this.still = setTimeout(() => writing(false), STILL_WRITING);
  }

  /** How long it is, and what the network has against it. */
  async check() {
    const count = this.querySelector(".reply-count");
    const problems = this.querySelector(".reply-problems");
    if (this.state.mode !== "reply" || (!this.state.text && !this.state.media.length)) {
      count.hidden = true;
      problems.replaceChildren();
      return;
    }
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const answer = await post(this.dataset.check, {
      text: this.state.text, to: this.state.to?.id ?? null, media: this.media(), language: this.language(),
    }).catch(() => null);
    if (asked !== this.asked || !answer || answer.status !== 200) return;
    drawMeasure(count, problems, answer.data);
  }

  // Pictures

  add(given) {
    return uploadFiles(root().dataset.upload, given, this.running, {
      draw: () => this.isConnected && this.drawFiles(),
      take: (file) => this.isConnected && this.take(file),
    });
  }

  /** Put a file to the answer, once: as an upload gives it, or the library. */
  take({ id, alt, thumbnail, filename }) {
    if (this.state.media.some((each) => each.asset === id)) return;
    this.state.media.push({ asset: id, alt: alt ?? "", thumbnail, filename });
    this.keep();
    this.drawFiles();
    this.check();
  }

  media() {
    return this.state.media.map(({ asset, alt }) => ({ asset, alt: alt ?? "" }));
  }

  /** The language of the answer, as it stands in the box; null where the network takes none. */
  language() {
    return this.languages ? this.languages.value : null;
  }

  // Sending

  async send({ anyway = false } = {}) {
    const { state } = this;
    if ((!state.text.trim() && !state.media.length) || this.sending) return this.field.focus();
    if (this.running.size) return;
    this.sending = true;
    this.form.setAttribute("aria-busy", "true");
    let answer = null;
    try {
      answer = await post(state.mode === "note" ? this.dataset.note : this.dataset.send, {
        text: state.text, key: state.key, to: state.to?.id ?? null, media: state.mode === "note" ? [] : this.media(),
        language: state.mode === "note" ? null : this.language(),
        seen: anyway ? null : (state.seen ?? Number(thread().dataset.count)),
      });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    } finally {
      this.sending = false;
      this.form.removeAttribute("aria-busy");
    }
    if (!answer) return say(words.notSent, "needs");
    const warning = this.querySelector(".reply-warning");
    if (answer.status >= 400) {
      const why = reasons(answer.data) || words.noAnswer;
      if (answer.data.problems?.some((each) => each.code === "answered_meanwhile")) {
        warning.querySelector("p").textContent = why;
        warning.hidden = false;
        warning.querySelector("button").focus();
        refreshOpened();
      } else say(why, "needs");
      return;
    }
    warning.hidden = true;
    this.before = { ...state, media: [...state.media] };
    if (state.mode === "reply") this.querySelector(".reply-draft")?.remove();
    this.state = this.fresh(state.mode);
    this.keep();
    this.draw();
    writing(false);
    announce(answer.data.said ?? "");
    if (answer.data.seconds) this.count(answer.data);
    await Promise.all([refreshOpened(), refreshRows([this.id_])]);
    toEnd();
    this.field.focus();
  }

  /** For some seconds it can be taken back. */
  count({ seconds, take_back }) {
    const place = this.querySelector(".reply-sent");
    const ends = Date.now() + seconds * 1000;
    this.takeBack = take_back;
    clearInterval(this.countdown);
    const tick = () => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      place.hidden = left <= 0;
      if (left <= 0) {
        clearInterval(this.countdown);
        refreshOpened();
      } else place.querySelector("span").textContent = fill(words.sendsIn, { seconds: left });
    };
    tick();
    this.countdown = setInterval(tick, 250);
  }

  async undo() {
    clearInterval(this.countdown);
    const data = await send(this.takeBack, new FormData());
    this.querySelector(".reply-sent").hidden = true;
    if (data) this.putBack();
    await Promise.all([refreshOpened(), refreshRows([this.id_])]);
  }

  /** What was taken back stands in the box again, unless something else stands there now. */
  putBack() {
    clearInterval(this.countdown);
    this.querySelector(".reply-sent").hidden = true;
    if (!this.before || this.state.text) return;
    this.state = { ...this.before, key: newId(), seen: null };
    this.before = null;
    this.keep();
    this.draw();
    this.field.focus();
  }

  // Presses

  onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.mode) return this.begin(button.dataset.mode);
    switch (button.dataset.do) {
      case "emoji": return pickEmoji(root().dataset.emoji, button, (text) => this.insert(text));
      case "library": return pickFromLibrary("image,gif", (file) => this.take(file));
      case "saved": return this.openSaved(button);
      case "to-nobody":
        this.state.to = null;
        this.draw();
        this.keep();
        return this.field.focus();
      case "anyway": return this.send({ anyway: true });
      case "take-back": return this.undo();
      case "use-draft": return useDraft(this, button);
      case "drop-draft": return dropDraft(this);
    }
    if (button.dataset.thumb === "reply") this.begin("reply");
    if (button.dataset.thumb === "next") {
      const next = neighbour(this.id_);
      openNext(next === this.id_ ? null : next);
    }
  }

  openSaved(button) {
    const language = this.language();
    const url = language ? `${this.dataset.saved}?${new URLSearchParams({ language })}` : this.dataset.saved;
    pickSaved(url, button, (text) => this.insert(text), () => this.field.focus());
  }

  onKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.send();
    } else if (event.key === "/" && !this.field.value && this.state.mode === "reply") {
      event.preventDefault();
      this.openSaved(this.querySelector('[data-do="saved"]'));
    } else if (/^Arrow(Left|Right)$/.test(event.key) && event.target.dataset?.mode) {
      this.begin(this.state.mode === "note" ? "reply" : "note");
    }
  }

  /** Put text where the cursor is, as one step that the browser's own undo takes back. */
  insert(text) {
    this.field.focus();
    if (!document.execCommand("insertText", false, text)) {
      this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
      this.field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

customElements.define("kaja-reply", Reply);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-reply-to]");
  if (button) {
    document.querySelector("kaja-reply")?.begin("reply", { id: button.dataset.replyTo, name: button.dataset.name });
  }
});
// On a phone the box takes the place of the three buttons while somebody writes.
document.addEventListener("focusin", (event) => {
  if (event.target.closest?.(".thumb")) return;
  root().classList.toggle("writes", isNarrow() && Boolean(event.target.closest?.("kaja-reply, #saved-picker, #emoji-picker, #library-dialog")));
});
