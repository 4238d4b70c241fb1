// The text and the thread: one field per part. Fields keep focus and cursor; they are made anew only when parts come,
// go or change places.

import { fill } from "../kit/ask.js";
import { drawStrip } from "./strip.js";

export class Editor {
  constructor(root, state, words, tools) {
    this.state = state;
    this.words = words;
    this.tools = tools;
    this.list = root.querySelector("#parts");
    this.template = root.querySelector("#part-template");
    this.counts = {};
    this.list.addEventListener("input", (event) => this.onInput(event));
    this.list.addEventListener("click", (event) => this.onClick(event));
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("focusin", (event) => {
      const part = event.target.closest(".part");
      if (part) this.current = this.indexOf(part);
    });
    this.current = 0;
  }

  indexOf(element) {
    return [...this.list.children].indexOf(element.closest(".part"));
  }

  field(index) {
    return this.list.children[index]?.querySelector("textarea");
  }

  /** Draw everything anew (another view, another number of parts). */
  draw(focus = null) {
    const parts = this.state.get("parts");
    const uploads = [...this.list.children].map((part) => [...part.querySelectorAll(".strip-upload")]);
    this.list.replaceChildren(...parts.map((part, index) => this.drawPart(part, index, parts.length)));
    // What is being uploaded stays in sight.
    uploads.forEach((running, index) => {
      const strip = (this.list.children[index] ?? this.list.lastElementChild).querySelector(".strip");
      strip.append(...running);
      strip.hidden = !strip.children.length;
    });
    for (const field of this.list.querySelectorAll("textarea")) grow(field);
    this.showCounts(this.counts);
    if (focus !== null) {
      const field = this.field(Math.min(focus, parts.length - 1));
      field?.focus();
    }
  }

  drawPart(part, index, count) {
    const element = this.template.content.firstElementChild.cloneNode(true);
    const field = element.querySelector("textarea");
    const name = count > 1 ? fill(this.words.part, { number: index + 1 }) : this.words.text;
    field.value = part.text;
    field.id = `field-parts-${index}-text`;
    field.setAttribute("aria-label", name);
    if (count > 1) field.rows = 3;
    element.classList.toggle("part-thread", count > 1);
    element.querySelector(".part-number").textContent = `${index + 1}/${count}`;
    element.querySelector('[data-do="up"]').disabled = index === 0;
    element.querySelector('[data-do="down"]').disabled = index === count - 1;
    element.querySelector('[data-do="join"]').hidden = index === 0;
    drawStrip(element.querySelector(".strip"), part.media, this.state, this.words);
    return element;
  }

  drawMedia(index) {
    const strip = this.list.children[index]?.querySelector(".strip");
    if (strip) drawStrip(strip, this.state.get("parts")[index].media, this.state, this.words);
  }

  onInput(event) {
    if (!event.target.matches(".part-text")) return;
    grow(event.target);
    const parts = this.state.parts();
    parts[this.indexOf(event.target)].text = event.target.value;
    this.state.set("parts", parts, "text");
  }

  /** Change the parts and draw them anew. */
  change(edit, focus) {
    const parts = this.state.parts();
    edit(parts);
    this.state.set("parts", parts.length ? parts : [{ text: "", media: [] }], "parts");
    this.draw(focus);
  }

  move(index, step) {
    const to = index + step;
    if (to < 0 || to >= this.list.children.length) return;
    this.change((parts) => parts.splice(to, 0, ...parts.splice(index, 1)), to);
  }

  onClick(event) {
    const action = event.target.closest(".part-head [data-do], .part-tools [data-do]");
    if (!action) return;
    const index = this.indexOf(action);
    const field = this.field(index);
    switch (action.dataset.do) {
      case "up": return this.move(index, -1);
      case "down": return this.move(index, 1);
      case "drop": return this.change((parts) => parts.splice(index, 1), Math.max(0, index - 1));
      case "join":
        return this.change((parts) => {
          const [lower] = parts.splice(index, 1);
          const upper = parts[index - 1];
          upper.text = [upper.text.trimEnd(), lower.text.trimStart()].filter(Boolean).join("\n\n");
          upper.media.push(...lower.media);
        }, index - 1);
      case "split": {
        const at = field.selectionStart;
        return this.change((parts) => {
          const text = parts[index].text;
          parts[index].text = text.slice(0, at).trimEnd();
          parts.splice(index + 1, 0, { text: text.slice(at).trimStart(), media: [] });
        }, index + 1);
      }
      case "emoji": return this.tools.emoji(action, (text) => this.insert(index, text));
      case "library": return this.tools.library(index);
      case "tags": return this.tools.tags(action, (text) => this.insert(index, text));
      case "statements": return this.tools.statements(action, (text) => this.insert(index, text));
    }
  }

  onKey(event) {
    if (!event.altKey || !event.target.matches(".part-text") || this.list.children.length < 2) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.move(this.indexOf(event.target), step);
  }

  /** Put text where the cursor is, as one step that the browser's own undo takes back. */
  insert(index, text) {
    const field = this.field(index);
    field.focus();
    const before = field.value.slice(0, field.selectionStart);
    if (text.startsWith("#") && before && !/\s$/.test(before)) text = ` ${text}`;
    if (!document.execCommand("insertText", false, text)) {
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  addPart() {
    const count = this.list.children.length;
    this.change((parts) => parts.push({ text: "", media: [] }), count);
  }

  /** `origins`: which of the present parts each text comes from; media stay with the beginning of theirs. */
  setTexts(texts, origins) {
    this.change((parts) => {
      const left = parts.map((part) => part.media);
      const take = (from) => left.splice(from, 1, [])[0] ?? [];
      const made = texts.map((text, index) => ({ text, media: take(origins[index]) }));
      made[0].media.push(...left.flat());  // of parts without a word
      parts.splice(0, parts.length, ...made);
    }, 0);
  }

  /** Lengths per channel, below each part: {channel id: [{used, limit, unit}, ...]}. */
  showCounts(counts, channels = this.channels) {
    this.counts = counts;
    this.channels = channels ?? [];
    for (const [index, part] of [...this.list.children].entries()) {
      const place = part.querySelector(".counters");
      if (!place) continue;
      const shown = this.channels.filter((c) => counts[c.id]?.[index] && this.shows(c.id));
      // One counter for all channels that count alike; the one with the least room first.
      const alike = new Map();
      for (const channel of shown) {
        const count = counts[channel.id][index];
        const key = JSON.stringify([count.used, count.limit, count.unit]);
        if (alike.has(key)) alike.get(key).channels.push(channel);
        else alike.set(key, { count, channels: [channel] });
      }
      const left = ({ count }) => count.limit - count.used;
      const groups = [...alike.values()].sort((one, other) => left(one) - left(other));
      place.replaceChildren(...groups.map(({ count, channels }) => counter(channels, count)));
    }
  }

  shows(channel) {
    return this.state.view === channel || (this.state.view === "common" && !this.state.variants[channel]?.overrides.parts);
  }
}

function counter(channels, count) {
  const element = document.createElement("span");
  element.className = "counter";
  const left = count.limit - count.used;
  element.classList.toggle("counter-near", left >= 0 && left <= count.limit * 0.1);
  element.classList.toggle("counter-over", left < 0);
  const names = channels.map((channel) => channel.name).join(", ");
  // One channel's own mark, or the networks' of several.
  const look = (mark) => (channels.length > 1 ? mark?.querySelector(".mark") : mark);
  const marks = new Map(channels.map((channel) => [channel.network, look(channel.mark)]));
  element.append(...[...marks.values()].filter(Boolean).map((mark) => mark.cloneNode(true)));
  element.append(`${count.used}/${count.limit}`);
  element.title = `${names}: ${count.used}/${count.limit} ${count.unit}${count.detail ? `. ${count.detail}` : ""}`;
  const unit = document.createElement("span");
  unit.className = "sr-only";
  unit.textContent = ` ${count.unit}, ${names}`;
  element.append(unit);
  return element;
}

/** A field as tall as its text. */
export function grow(field) {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}
