// The media strip of one part: files come by button, drop and paste; they are moved, described, cropped, removed.

import { fill, NoAnswer, reasons, upload } from "../kit/ask.js";

/** Draw a strip from a part's media. */
export function drawStrip(strip, media, state, words) {
  const template = document.getElementById("media-template");
  const kept = [...strip.querySelectorAll(".strip-upload")];
  strip.replaceChildren(
    ...media.map((item, index) => {
      const element = template.content.firstElementChild.cloneNode(true);
      const asset = state.assets.get(item.asset) ?? { filename: "?", thumbnail: "", kind: "image" };
      const image = element.querySelector("img");
      image.src = asset.thumbnail;
      image.width = 96;
      image.height = 96;
      if (item.crop && asset.width) showCrop(image, item.crop, asset);
      const picture = element.querySelector(".strip-picture");
      const alt = item.alt || asset.alt;
      picture.setAttribute("aria-label", `${asset.filename}: ${alt || words.noAlt}`);
      picture.title = alt || words.noAlt;
      element.querySelector(".strip-kind").hidden = asset.kind !== "video";
      const word = element.querySelector(".strip-alt");
      word.textContent = alt ? "ALT" : words.noAltShort;
      word.classList.toggle("strip-alt-missing", !alt);
      element.querySelector('[data-do="left"]').disabled = index === 0;
      element.querySelector('[data-do="right"]').disabled = index === media.length - 1;
      element.querySelector('[data-do="crop"]').hidden = asset.kind !== "image";
      return element;
    }),
    ...kept,
  );
  strip.hidden = !strip.children.length;
}

/** Show only the part that is kept: the picture is made so large and moved so far that the part fills the square. */
function showCrop(image, crop, asset) {
  const width = crop.width * asset.width;
  const height = crop.height * asset.height;
  const scale = 1 / Math.min(width, height);
  const share = (pixels) => `${100 * pixels * scale}%`;
  image.classList.add("strip-cropped");
  image.style.width = share(asset.width);
  image.style.height = share(asset.height);
  image.style.left = `${50 - 100 * scale * (crop.x * asset.width + width / 2)}%`;
  image.style.top = `${50 - 100 * scale * (crop.y * asset.height + height / 2)}%`;
}

export class Strip {
  constructor(root, state, editor, words, dialogs) {
    Object.assign(this, { root, state, editor, words, dialogs });
    this.said = root.querySelector("#composer-said");
    this.url = root.dataset.upload;
    const list = editor.list;
    list.addEventListener("change", (event) => {
      if (event.target.type !== "file") return;
      this.add(editor.indexOf(event.target), [...event.target.files]);
      event.target.value = "";
    });
    list.addEventListener("click", (event) => this.onClick(event));
    list.addEventListener("keydown", (event) => this.onKey(event));
    list.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.add(editor.indexOf(event.target), files);
    });
    this.listenToDragging(list);
  }

  listenToDragging(list) {
    let dragged = null;
    list.addEventListener("dragstart", (event) => {
      dragged = event.target.closest(".strip-item");
      if (dragged) event.dataTransfer.effectAllowed = "move";
    });
    list.addEventListener("dragend", () => (dragged = null));
    for (const type of ["dragenter", "dragover"]) {
      this.root.addEventListener(type, (event) => {
        const part = event.target.closest(".part");
        if (!dragged && !event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        if (part && !dragged) part.classList.add("part-dropping");
      });
    }
    this.root.addEventListener("dragleave", (event) => event.target.closest?.(".part")?.classList.remove("part-dropping"));
    this.root.addEventListener("drop", (event) => {
      const part = event.target.closest(".part") ?? list.children[this.editor.current] ?? list.firstElementChild;
      for (const each of list.children) each.classList.remove("part-dropping");
      if (dragged) {
        event.preventDefault();
        const over = event.target.closest(".strip-item");
        if (over && over.parentElement === dragged.parentElement) this.move(place(dragged), place(over).index);
        return;
      }
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.add(this.editor.indexOf(part), [...event.dataTransfer.files]);
    });
    const place = (item) => ({
      part: this.editor.indexOf(item),
      index: [...item.parentElement.children].indexOf(item),
    });
    this.place = place;
  }

  /** Change a part's media; `focus` is the index of the picture that gets the focus. */
  change(part, edit, focus = null) {
    const parts = this.state.parts();
    edit(parts[part].media);
    this.state.set("parts", parts, "media");
    this.editor.drawMedia(part);
    if (focus !== null) {
      const pictures = this.editor.list.children[part].querySelectorAll(".strip-picture");
      (pictures[Math.min(focus, pictures.length - 1)] ?? this.editor.field(part)).focus();
    }
  }

  name(part, index) {
    return this.state.assets.get(this.state.get("parts")[part].media[index].asset)?.filename ?? "";
  }

  move({ part, index }, to) {
    const count = this.state.get("parts")[part].media.length;
    if (to < 0 || to >= count || to === index) return;
    const name = this.name(part, index);
    this.change(part, (media) => media.splice(to, 0, ...media.splice(index, 1)), to);
    this.said.textContent = fill(this.words.moved, { name, number: to + 1, count });
  }

  onKey(event) {
    const item = event.target.closest(".strip-item:not(.strip-upload)");
    if (!item) return;
    const { part, index } = this.place(item);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.altKey && step) {
      event.preventDefault();
      this.move({ part, index }, index + step);
    } else if (event.key === "Delete" && event.target.matches(".strip-picture")) this.remove(part, index);
  }

  remove(part, index) {
    const name = this.name(part, index);
    this.change(part, (media) => media.splice(index, 1), index);
    this.said.textContent = fill(this.words.removed, { name });
  }

  async onClick(event) {
    const button = event.target.closest(".strip-item [data-do]");
    if (!button) return;
    const { part, index } = this.place(button.closest(".strip-item"));
    const item = this.state.get("parts")[part].media[index];
    const asset = this.state.assets.get(item.asset);
    if (button.dataset.do === "left") return this.move({ part, index }, index - 1);
    if (button.dataset.do === "right") return this.move({ part, index }, index + 1);
    if (button.dataset.do === "remove") return this.remove(part, index);
    const answer = await this.dialogs[button.dataset.do](asset, item);
    if (answer === null) return;
    this.change(part, (media) => (media[index] = { ...media[index], ...answer }), index);
  }

  /** Upload files one after the other and put them on the part; what fails says why and loses nothing. */
  async add(part, files) {
    if (part < 0) part = 0;
    const strip = this.editor.list.children[part].querySelector(".strip");
    const waiting = files.map((file) => {
      const element = document.getElementById("upload-template").content.firstElementChild.cloneNode(true);
      const stop = new AbortController();
      element.querySelector(".strip-name").textContent = file.name;
      element.querySelector("progress").setAttribute("aria-label", fill(this.words.uploading, { name: file.name }));
      const cancel = element.querySelector("button");
      cancel.setAttribute("aria-label", fill(this.words.cancelUpload, { name: file.name }));
      cancel.addEventListener("click", () => stop.abort());
      strip.append(element);
      return { file, element, stop };
    });
    strip.hidden = false;
    for (const each of waiting) {
      if (!each.stop.signal.aborted) await this.upload(part, each);
      else this.said.textContent = fill(this.words.uploadCancelled, { name: each.file.name });
      const focused = each.element.contains(document.activeElement);
      each.element.remove();
      if (focused) this.editor.field(part)?.focus();
    }
    this.editor.drawMedia(part);
  }

  /** Put a file to a part, once: as an upload gives it, or the library. */
  take(part, file) {
    this.state.addAsset(file);
    const known = this.state.get("parts")[part].media.some((item) => item.asset === file.id);
    if (!known) this.change(part, (media) => media.push({ asset: file.id, alt: file.alt, crop: null }));
  }

  async upload(part, { file, element, stop }) {
    const bar = element.querySelector("progress");
    const words = element.querySelector(".strip-share");
    const show = (share) => {
      bar.value = share;
      // All of it has left this computer: now Kaja looks at it, and nobody knows how long that takes.
      if (share === 1) bar.removeAttribute("value");
      words.textContent = share === 1 ? this.words.uploadChecked : `${Math.floor(share * 100)} %`;
    };
    show(0);
    this.said.textContent = fill(this.words.uploading, { name: file.name });
    let refused;
    try {
      const { status, data } = await upload(this.url, file, { onProgress: show, signal: stop.signal });
      if (status === 201) {
        this.take(part, data);
        return;
      }
      refused = status === 413 ? fill(this.words.tooLarge, { name: file.name }) : reasons(data);
    } catch (error) {
      if (error.name === "AbortError") {
        this.said.textContent = fill(this.words.uploadCancelled, { name: file.name });
        return;
      }
      if (!(error instanceof NoAnswer)) throw error;
    }
    this.root.say(refused || fill(this.words.uploadFailed, { name: file.name }), "needs");
  }
}
