// The post as it is being written. `view` is "common" or a channel's id; editing in a channel's view makes that
// channel differ from the common text. Every change is announced once, after it is complete.

import { newId } from "../ids.js";

const copy = (value) => JSON.parse(JSON.stringify(value));
const FIELDS = ["parts", "first_comment", "language", "link_card"];

export class State extends EventTarget {
  constructor(data, assets) {
    super();
    this.assets = new Map(assets.map((asset) => [asset.id, asset]));
    this.view = "common";
    this.load(data);
  }

  load(data) {
    this.post = data.post ?? this.post ?? newId();
    this.revision = data.revision ?? this.revision ?? null;
    this.document = copy(data.document);
    this.variants = copy(data.variants ?? {});
    this.channels = data.channels ? [...data.channels] : Object.keys(this.variants);
    this.when = data.when ?? this.when;
    this.campaign = data.campaign === undefined ? (this.campaign ?? null) : data.campaign;
    this.labels = data.labels ?? this.labels ?? [];
  }

  /** Whether the server is known to have the post: before that only its id is chosen. */
  get saved() {
    return this.revision !== null;
  }

  changed(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: { what } }));
  }

  addAsset(asset) {
    this.assets.set(asset.id, asset);
  }

  variant(channel) {
    this.variants[channel] ??= { overrides: {}, options: {} };
    return this.variants[channel];
  }

  /** What the shown view has for a field of the document. A channel may have "none" of the common card. */
  get(field) {
    if (this.view === "common") return this.document[field];
    const own = this.variant(this.view).overrides[field] ?? this.document[field];
    return field === "link_card" && own === "none" ? null : own;
  }

  /** Whether the shown channel drops the card that the others show. */
  dropsCard() {
    return this.view !== "common" && Boolean(this.document.link_card)
      && this.variant(this.view).overrides.link_card === "none";
  }

  /** The shown view without a card: on one channel the others keep theirs. */
  removeCard() {
    const own = this.view !== "common" && this.document.link_card;
    this.set("link_card", own ? "none" : null);
  }

  /** Set a field in the shown view. What is the same as the common post is no difference. */
  set(field, value, what = field) {
    if (this.view === "common") this.document[field] = value;
    else {
      const own = this.variant(this.view).overrides;
      if (value === null || JSON.stringify(value) === JSON.stringify(this.document[field])) delete own[field];
      else own[field] = value;
    }
    this.changed(what);
  }

  /** A fresh copy of the shown parts, to change and set again. */
  parts() {
    return copy(this.get("parts"));
  }

  differs(channel) {
    const own = this.variants[channel]?.overrides ?? {};
    return FIELDS.some((field) => own[field] !== undefined && own[field] !== null);
  }

  reset(channel) {
    this.variant(channel).overrides = {};
    this.changed("reset");
  }

  setChannel(channel, chosen) {
    this.channels = this.channels.filter((id) => id !== channel);
    if (chosen) this.channels.push(channel);
    else if (this.view === channel) this.view = "common";
    this.changed("channels");
  }

  setChannels(ids, chosen) {
    this.channels = this.channels.filter((id) => !ids.includes(id));
    if (chosen) this.channels.push(...ids);
    else if (ids.includes(this.view)) this.view = "common";
    this.changed("channels");
  }

  setOption(channel, name, value) {
    const options = this.variant(channel).options;
    if (value === null) delete options[name];
    else options[name] = value;
    this.changed("options");
  }

  isEmpty() {
    const parts = [this.document, ...Object.values(this.variants).map((v) => v.overrides)].flatMap((d) => d.parts ?? []);
    return !this.document.link_card && parts.every((part) => !part.text.trim() && !part.media.length);
  }

  payload() {
    const variants = {};
    for (const channel of this.channels) variants[channel] = this.variant(channel);
    return copy({
      post: this.post,
      revision: this.revision,
      document: this.document,
      channels: this.channels,
      variants,
      when: this.when,
      campaign: this.campaign,
      labels: this.labels,
    });
  }
}
