// Everything beside text and media: options per network, first comment, language, link card, campaign, labels.

import { NoAnswer, post, reasons } from "../kit/ask.js";
import "../options/index.js";
import { Option } from "../options/option.js";
import { readTerms as terms } from "../options/terms.js";

const LINK = /https?:\/\/[^\s<>"'）」』】]+/g;

const names = (place) => [...place.querySelectorAll("[data-option]")].map((field) => field.dataset.option).join();

export class Fields {
  constructor(root, state, words, channels) {
    Object.assign(this, { root, state, words, channels });
    this.dropped = new Set(); // links whose card somebody removed are not offered again
    for (const group of root.querySelectorAll("[data-options]")) {
      group.addEventListener("input", (event) => this.onOption(group.dataset.options, event.target));
      this.count(group);
    }
    this.comment = this.bind("first_comment");
    this.language = this.bind("language");
    this.campaign = root.querySelector("#field-campaign");
    this.labels = root.querySelector("#field-labels");
    this.campaign.addEventListener("change", () => {
      state.campaign = this.campaign.value || null;
      state.changed("campaign");
    });
    this.labels.addEventListener("change", () => {
      state.labels = terms(this.labels.value);
      state.changed("labels");
    });
    this.bindCard();
  }

  bind(name) {
    const field = this.root.querySelector(`#field-${name}`);
    field.addEventListener("input", () => this.state.set(name, field.value));
    return field;
  }

  onOption(channel, field) {
    const option = field.closest("[data-default]");
    if (!(option instanceof Option)) return;
    this.state.setOption(channel, option.name, option.isUsual ? null : option.value);
    this.count(field.closest("[data-options]"));
  }

  /** Fields that depend on the format, as Kaja says them. What is there already stays, with its focus. */
  showForms(forms) {
    for (const [channel, html] of Object.entries(forms)) {
      const group = this.root.querySelector(`[data-options="${channel}"]`);
      const place = group?.querySelector("[data-fields]");
      if (!place) continue;
      const fresh = document.createElement("template");
      fresh.innerHTML = html;
      if (names(fresh.content) === names(place)) continue;
      const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
      place.replaceChildren(fresh.content);
      if (focused) this.root.querySelector(`#${focused}`)?.focus();
      this.count(group);
    }
  }

  /** How many options are set, beside the heading. */
  count(group) {
    const options = this.state.variants[group.dataset.options]?.options ?? {};
    const shown = [...group.querySelectorAll("[data-option]")].map((field) => field.dataset.option);
    const set = shown.filter((name) => name in options).length;
    group.querySelector(".options-set").textContent = set ? String(set) : "";
  }

  draw() {
    const { state } = this;
    for (const group of this.root.querySelectorAll("[data-options]")) {
      const id = group.dataset.options;
      // In the channel's own tab; with one channel, that is the only one there is.
      const only = state.view === "common" && state.channels.length === 1;
      group.hidden = !state.channels.includes(id) || (state.view !== id && !only);
    }
    if (document.activeElement !== this.comment) this.comment.value = state.get("first_comment");
    this.language.value = state.get("language");
    if (this.language.value !== state.get("language")) {
      this.language.add(new Option(state.get("language"), state.get("language"), true, true));
    }
    this.campaign.value = state.campaign ?? "";
    if (document.activeElement !== this.labels) this.labels.value = state.labels.join(", ");
    const shown = state.view === "common" ? state.channels : [state.view];
    const able = (what) => !shown.length || shown.some((id) => this.channels.get(id)?.[what]);
    this.root.querySelector("#comment-field").hidden = !able("comment") && !this.comment.value;
    this.root.querySelector("#card-place").hidden = !able("card") && !state.get("link_card");
    this.root.querySelector("#more-set").textContent =
      [state.get("first_comment"), state.get("language")].filter(Boolean).length || "";
    this.root.querySelector("#plan-set").textContent = (state.campaign ? 1 : 0) + state.labels.length || "";
    this.drawCard();
  }

  bindCard() {
    const $ = (id) => this.root.querySelector(`#${id}`);
    this.card = {
      edit: $("card-edit"),
      dropped: $("card-dropped"),
      offer: $("card-offer"),
      offerUrl: $("card-offer-url"),
      said: $("card-said"),
      url: $("card-url"),
      picture: $("card-picture"),
      title: $("field-link_card-title"),
      description: $("field-link_card-description"),
    };
    for (const name of ["title", "description"]) {
      this.card[name].addEventListener("input", () => {
        this.state.set("link_card", { ...this.state.get("link_card"), [name]: this.card[name].value });
      });
    }
    $("card-remove").addEventListener("click", () => {
      const { state } = this;
      if (state.view === "common") this.dropped.add(state.get("link_card").url);
      state.removeCard();
      this.drawCard();
      (state.dropsCard() ? $("card-follow") : this.root.querySelector(".part-text")).focus();
    });
    $("card-follow").addEventListener("click", () => {
      this.state.set("link_card", null);
      this.drawCard();
      $("card-remove").focus();
    });
    $("card-fetch").addEventListener("click", (event) => this.fetchCard(event.currentTarget));
  }

  firstLink() {
    for (const part of this.state.get("parts")) {
      for (const [link] of part.text.matchAll(LINK)) {
        const url = link.replace(/[.,;:!?)\]]+$/, "");
        if (!this.dropped.has(url)) return url;
      }
    }
    return "";
  }

  drawCard() {
    const card = this.state.get("link_card");
    const dropped = this.state.dropsCard();
    const link = card || dropped ? "" : this.firstLink();
    this.card.edit.hidden = !card;
    this.card.dropped.hidden = !dropped;
    const own = this.state.view !== "common" && Boolean(this.state.document.link_card);
    for (const word of this.card.edit.querySelectorAll("[data-for]")) word.hidden = (word.dataset.for === "channel") !== own;
    this.card.offer.hidden = !link;
    this.card.offerUrl.textContent = link;
    this.link = link;
    if (!card) return;
    this.card.url.textContent = card.url;
    for (const name of ["title", "description"]) {
      if (document.activeElement !== this.card[name]) this.card[name].value = card[name];
    }
    const asset = this.state.assets.get(card.image);
    this.card.picture.hidden = !asset;
    if (asset) this.card.picture.src = asset.thumbnail;
  }

  async fetchCard(button) {
    const url = this.link;
    button.disabled = true;
    button.classList.add("htmx-request");
    this.card.said.textContent = "";
    try {
      const { status, data } = await post(this.root.dataset.card, { url });
      if (status === 200) {
        if (data.asset) this.state.addAsset(data.asset);
        this.state.set("link_card", data.card);
      } else {
        this.state.set("link_card", { url, title: "", description: "", image: null });
        this.root.say(reasons(data), "warning");
      }
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.card.said.textContent = this.words.cardFailed;
    }
    button.disabled = false;
    button.classList.remove("htmx-request");
    this.drawCard();
    if (this.state.get("link_card")) this.card.title.focus();
  }
}
