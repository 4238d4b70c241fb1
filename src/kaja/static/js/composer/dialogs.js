// Alt text and crop: each opens, and resolves to what changed, or to null.

const closed = (dialog) =>
  new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));

export async function askAlt(asset, item) {
  const dialog = document.getElementById("alt-dialog");
  const field = dialog.querySelector("textarea");
  dialog.querySelector("img").src = asset.thumbnail;
  field.value = item.alt || asset.alt;
  dialog.returnValue = "";
  dialog.showModal();
  field.focus();
  return (await closed(dialog)) === "yes" ? { alt: field.value.trim() } : null;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The rectangle being chosen, in fractions of the picture. `ratio` is width to height in pixels, or 0 for free. */
class Frame {
  constructor(stage, frame, asset, size) {
    Object.assign(this, { stage, frame, asset, size, ratio: 0 });
    frame.onpointerdown = (event) => this.drag(event);
    frame.onkeydown = (event) => this.key(event);
  }

  set(box) {
    const width = clamp(box.width, 0.05, 1);
    const height = clamp(box.height, 0.05, 1);
    this.box = { x: clamp(box.x, 0, 1 - width), y: clamp(box.y, 0, 1 - height), width, height };
    const style = this.frame.style;
    style.left = `${this.box.x * 100}%`;
    style.top = `${this.box.y * 100}%`;
    style.width = `${width * 100}%`;
    style.height = `${height * 100}%`;
    const pixels = `${Math.round(width * this.asset.width)} × ${Math.round(height * this.asset.height)}`;
    this.size.textContent = pixels;
    this.frame.setAttribute("aria-valuenow", Math.round(width * height * 100));
    this.frame.setAttribute("aria-valuetext", pixels);
  }

  /** The largest rectangle of the ratio around the middle of the present one. */
  setRatio(ratio) {
    this.ratio = ratio;
    if (!ratio) return;
    const wanted = (ratio * this.asset.height) / this.asset.width; // width to height in fractions
    const width = Math.min(1, wanted);
    const height = width / wanted;
    const middle = { x: this.box.x + this.box.width / 2, y: this.box.y + this.box.height / 2 };
    this.set({ x: middle.x - width / 2, y: middle.y - height / 2, width, height });
  }

  resize(width, height) {
    if (this.ratio) {
      const wanted = (this.ratio * this.asset.height) / this.asset.width;
      width = Math.min(width, 1 - this.box.x, (1 - this.box.y) * wanted);
      height = width / wanted;
    }
    this.set({ ...this.box, width: Math.min(width, 1 - this.box.x), height: Math.min(height, 1 - this.box.y) });
  }

  drag(event) {
    event.preventDefault();
    this.frame.focus();
    const { width, height } = this.stage.getBoundingClientRect();
    const start = { x: event.clientX, y: event.clientY, box: { ...this.box } };
    const resizing = event.target.matches(".crop-handle");
    this.frame.setPointerCapture(event.pointerId);
    this.frame.onpointermove = (move) => {
      const dx = (move.clientX - start.x) / width;
      const dy = (move.clientY - start.y) / height;
      if (resizing) this.resize(start.box.width + dx, start.box.height + dy);
      else this.set({ ...start.box, x: start.box.x + dx, y: start.box.y + dy });
    };
    this.frame.onpointerup = () => (this.frame.onpointermove = null);
  }

  key(event) {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    const step = 0.02;
    if (event.shiftKey) this.resize(this.box.width + dx * step, this.box.height + (this.ratio ? dx : dy) * step);
    else this.set({ ...this.box, x: this.box.x + dx * step, y: this.box.y + dy * step });
  }
}

export async function askCrop(asset, item) {
  const dialog = document.getElementById("crop-dialog");
  const stage = dialog.querySelector(".crop-stage");
  // The place is as large as the picture will be before it is there: what is drawn meanwhile stays where it was drawn.
  stage.style.setProperty("--picture-width", `${asset.width}px`);
  stage.style.setProperty("--picture-ratio", asset.width / asset.height);
  stage.querySelector("img").src = asset.url;
  const frame = new Frame(stage, dialog.querySelector(".crop-frame"), asset, dialog.querySelector("#crop-size"));
  frame.set(item.crop ?? { x: 0, y: 0, width: 1, height: 1 });
  const shapes = [...dialog.querySelectorAll("[data-ratio]")];
  const press = (chosen) => shapes.forEach((shape) => shape.setAttribute("aria-checked", shape === chosen));
  press(shapes[0]);
  for (const shape of shapes) {
    shape.onclick = () => {
      press(shape);
      frame.setRatio(Number(shape.dataset.ratio));
    };
  }
  dialog.returnValue = "";
  dialog.showModal();
  const answer = await closed(dialog);
  if (answer === "whole") return { crop: null };
  if (answer !== "yes") return null;
  const { x, y, width, height } = frame.box;
  return { crop: width > 0.999 && height > 0.999 ? null : { x, y, width, height } };
}
