// <kaja-composer>: puts the pieces together.

import { say } from "../kit/flash.js";
import { post, reasons, useToken } from "../kit/ask.js";
import { Checker } from "./checker.js";
import { askAlt, askCrop } from "./dialogs.js";
import { Editor } from "./editor.js";
import { Fields } from "./fields.js";
import { pickFromLibrary } from "../kit/library.js";
import { pickEmoji, pickStatement, pickTag } from "./pickers.js";
import { Saver } from "./saver.js";
import { State } from "./state.js";
import { Strip } from "./strip.js";
import { When } from "./when.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);

class Composer extends HTMLElement {
  connectedCallback() {
    useToken(this.dataset.csrf);
    this.words = read("composer-words");
    this.channels = new Map(read("composer-channels").map((channel) => [channel.id, this.withMark(channel)]));
    this.state = new State(read("composer-state"), read("composer-assets"));
    this.editor = new Editor(this, this.state, this.words, {
      emoji: (button, insert) => pickEmoji(this.dataset.emoji, button, insert),
      tags: pickTag,
      library: (index) => pickFromLibrary("", (file) => this.strip.take(index, file)),
      statements: pickStatement,
    });
    this.strip = new Strip(this, this.state, this.editor, this.words, { alt: askAlt, crop: askCrop });
    this.fields = new Fields(this, this.state, this.words, this.channels);
    this.when = new When(this, this.state);
    this.checker = new Checker(this, this.state, this.words, (counts) => this.showCounts(counts), (forms) => this.fields.showForms(forms));
    this.saver = new Saver(
      this,
      this.state,
      this.words,
      (conflict) => this.showConflict(conflict),
      (saved) => this.onSaved(saved),
    );
    this.state.addEventListener("change", (event) => this.onChange(event.detail.what));
    this.listen();
    // The text may have been typed before the scripts arrived.
    const early = this.querySelector(".part-text").value;
    if (early !== this.state.document.parts[0].text) {
      this.state.document.parts[0].text = early;
      this.saver.changed();
    }
    this.draw();
    this.offerFound();
    this.checker.soon(0);
    // Whoever comes here came to write.
    if ([document.body, null].includes(document.activeElement)) {
      const field = this.editor.field(0);
      field?.focus({ preventScroll: true });
      field?.setSelectionRange(field.value.length, field.value.length);
    }
  }

  withMark(channel) {
    const mark = this.querySelector(`[data-tab="${channel.id}"] .channel-mark`);
    return { ...channel, mark };
  }

  say(text, kind) {
    say(text, kind);
  }

  onChange(what) {
    if (what !== "when") this.saver.changed();
    this.checker.soon();
    this.drawTabs();
    if (what === "channels" || what === "reset") this.draw();
    else if (what !== "options") this.fields.draw();
  }

  draw() {
    this.drawTabs();
    this.editor.draw();
    this.fields.draw();
  }

  drawTabs() {
    const { view } = this.state;
    for (const tab of this.querySelectorAll("[data-tab]")) {
      const id = tab.dataset.tab;
      tab.hidden = id !== "common" && !this.state.channels.includes(id);
      tab.setAttribute("aria-selected", String(id === view));
      tab.tabIndex = id === view ? 0 : -1;
      const badge = tab.querySelector(".badge-differs");
      if (badge) badge.hidden = !this.state.differs(id);
    }
    this.querySelector(".composer-tabs").hidden = this.state.channels.length === 0;
    for (const group of this.querySelectorAll("[data-choose]")) {
      const all = group.dataset.choose.split(" ").every((id) => this.state.channels.includes(id));
      group.setAttribute("aria-pressed", String(all));
    }
    this.querySelector("#editor").setAttribute("aria-labelledby", `tab-${view}`);
    const note = this.querySelector("#own-note");
    note.hidden = view === "common";
    const now = view !== "common" && this.state.differs(view) ? "differs" : "same";
    for (const each of note.querySelectorAll("[data-when]")) each.hidden = each.dataset.when !== now;
  }

  showCounts(counts) {
    const chosen = this.state.channels.map((id) => this.channels.get(id)).filter(Boolean);
    this.editor.showCounts(counts, chosen);
    this.when.suggestion = this.checker.plan?.local || this.when.suggestion;
  }

  /** A group of channels at once, or none of it. */
  choose(ids, chosen) {
    this.state.setChannels(ids, chosen);
    this.syncChips();
  }

  setView(view) {
    this.state.view = view;
    this.draw();
  }

  listen() {
    const $ = (selector) => this.querySelector(selector);
    $("#field-channels").addEventListener("change", (event) => {
      if (event.target.name === "channel") this.state.setChannel(event.target.value, event.target.checked);
    });
    $(".composer-tabs").addEventListener("click", (event) => {
      const tab = event.target.closest("[data-tab]");
      if (tab) this.setView(tab.dataset.tab);
    });
    $(".composer-tabs").addEventListener("keydown", (event) => this.onTabKey(event));
    $("#reset-variant").addEventListener("click", () => {
      this.state.reset(this.state.view);
      this.editor.field(0)?.focus();
    });
    $("#add-part").addEventListener("click", () => this.editor.addPart());
    $("#cut-thread").addEventListener("click", () => this.cutThread());
    $("#finish").addEventListener("click", () => this.finish());
    $("#finish-next")?.addEventListener("click", () => this.finish("&next=1"));
    $(".channel-choices")?.addEventListener("click", (event) => {
      const button = event.target.closest("[data-choose]");
      if (button) this.choose(button.dataset.choose.split(" "), button.getAttribute("aria-pressed") !== "true");
    });
    $("#save-draft").addEventListener("click", () => this.leaveWith("draft"));
    $("#save-idea").addEventListener("click", () => this.leaveWith("idea"));
    $("#problems").addEventListener("click", (event) => {
      const problem = event.target.closest(".problem");
      if (problem) this.goTo(problem.dataset.channel, problem.dataset.field);
    });
    document.getElementById("open-history").addEventListener("click", (event) => this.openHistory(event.currentTarget));
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
      if (event.key === "Enter") this.finish();
      else if (event.key === "s") this.saver.save();
      else return;
      event.preventDefault();
    });
  }

  onTabKey(event) {
    const tabs = [...this.querySelectorAll("[data-tab]:not([hidden])")];
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = tabs.indexOf(event.target.closest("[data-tab]"));
    if (!step || at < 0) return;
    event.preventDefault();
    const next = tabs[(at + step + tabs.length) % tabs.length];
    this.setView(next.dataset.tab);
    next.focus();
  }

  async cutThread() {
    const place = this.querySelector("#cut-said");
    const parts = this.state.get("parts").map((part) => part.text);
    const channels = this.state.view === "common" ? this.state.channels : [this.state.view];
    const options = Object.fromEntries(channels.map((id) => [id, this.state.variants[id]?.options ?? {}]));
    try {
      const { status, data } = await post(this.dataset.cut, { parts, channels, options });
      place.textContent = status === 200 ? data.said : reasons(data);
      if (status === 200 && JSON.stringify(data.parts) !== JSON.stringify(parts)) this.editor.setTexts(data.parts, data.origins);
    } catch {
      place.textContent = this.words.checkFailed;
    }
  }

  /** Do what the main button says; with problems, lead to the first one. */
  async finish(further = "") {
    await this.saver.running;
    await this.checker.check();
    const plan = this.checker.plan;
    if (!plan) return this.saver.save();
    if (!plan.enabled) {
      const first = this.querySelector("#problems .problem:not(.problem-warning)");
      this.goTo(first?.dataset.channel, first?.dataset.field);  // without one, to the text: nothing is written yet
      return;
    }
    await this.leaveWith(plan.action, further);
  }

  async leaveWith(then, further = "") {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.saver.timer);
    await this.saver.running;
    if (then === "draft" && this.dataset.idea && !this.state.saved) then = "idea";
    this.saver.dirty = true;
    await this.saver.send(`${this.dataset.finish}?then=${then}${further}`);
    this.busy = false;
  }

  /** Show the place that a problem is about, in the view where it can be fixed, and put the cursor there. */
  goTo(channel, field = "") {
    if (field === "due_at") {
      const chosen = this.querySelector('[data-when-mode][aria-checked="true"]');
      return (this.when.local.offsetParent ? this.when.local : chosen).focus();
    }
    if (field === "channels") return this.querySelector("#field-channels input")?.focus();
    const options = field.startsWith("options.") && this.state.channels.length > 1;
    const own = channel && (options || this.state.differs(channel)) ? channel : "common";
    if (channel && !["common", channel].includes(this.state.view)) this.setView(own);
    else if (this.state.view === "common" && own !== "common") this.setView(own);
    const [name, index, kind, number] = field.split(".");
    let target = null;
    if (name === "options") target = this.querySelector(`#option-${CSS.escape(channel)}-${CSS.escape(index)}`);
    else if (name === "parts" && kind === "media") {
      const strip = this.editor.list.children[index]?.querySelectorAll(".strip-picture");
      target = strip?.[number ?? 0] ?? this.editor.field(index);
    } else if (name === "parts") target = this.editor.field(index ?? 0);
    else if (name === "link_card") target = this.querySelector("#field-link_card-title");
    else if (name) target = this.querySelector(`#field-${CSS.escape(name)}`);
    target ??= this.editor.field(0);
    target.closest("details")?.setAttribute("open", "");
    target.focus();
    target.scrollIntoView({ block: "center" });
  }

  onSaved(data) {
    const button = document.getElementById("open-history");
    button.hidden = false;
    button.dataset.url = data.history;
  }

  async openHistory(button) {
    await this.saver.save();
    const response = await fetch(button.dataset.url, { headers: { "HX-Request": "true" } });
    if (!response.ok) return;
    const body = document.getElementById("history-body");
    const holder = document.createElement("template");
    holder.innerHTML = await response.text();
    body.replaceChildren(holder.content);
    window.htmx.process(body); // what a version changed is asked for when it is opened
    document.getElementById("history-dialog").showModal();
  }

  showConflict(data) {
    const dialog = document.getElementById("conflict-dialog");
    const holder = document.createElement("template");
    holder.innerHTML = data.conflict;
    dialog.querySelector("#conflict-body").replaceChildren(holder.content);
    for (const asset of data.assets) this.state.addAsset(asset);
    const channels = Object.keys(data.theirs.variants);
    dialog.onclick = (event) => {
      const choice = event.target.closest("[data-do]")?.dataset.do;
      if (!choice) return;
      if (choice === "theirs") this.state.load({ ...data.theirs, channels, revision: data.revision });
      if (choice === "both") {
        const mine = this.state.document.parts;
        const known = new Set(mine.map((part) => part.text.trim()));
        const added = data.theirs.document.parts.filter((part) => !known.has(part.text.trim()));
        const text = [mine.at(-1).text, ...added.map((part) => part.text)].filter(Boolean).join("\n\n");
        mine[mine.length - 1] = { ...mine.at(-1), text };
      }
      dialog.close();
      this.syncChips();
      this.draw();
      this.checker.soon(0);
      this.saver.resume(data.revision);
    };
    // Escape would leave the question open; mine stays on the page, but it must be answered before it can be saved.
    dialog.oncancel = (event) => event.preventDefault();
    dialog.showModal();
  }

  syncChips() {
    for (const box of this.querySelectorAll('input[name="channel"]')) {
      box.checked = this.state.channels.includes(box.value);
    }
  }

  offerFound() {
    const found = this.saver.found();
    if (!found) return;
    const notice = document.getElementById("found-template").content.firstElementChild.cloneNode(true);
    notice.querySelector("p").textContent = this.words.found;
    for (const choice of notice.querySelectorAll("[data-do]")) {
      choice.textContent = this.words[choice.dataset.do];
      choice.addEventListener("click", () => {
        notice.remove();
        if (choice.dataset.do === "drop") return this.saver.forget();
        // The revision of then: if somebody saved meanwhile, the difference is shown. What was never answered keeps
        // its id: perhaps only the answer was lost, and the post is there.
        this.state.load({ ...found, post: this.state.saved ? this.state.post : found.post });
        this.syncChips();
        this.draw();
        this.state.changed("found");
      });
    }
    this.prepend(notice);
  }
}

customElements.define("kaja-composer", Composer);
