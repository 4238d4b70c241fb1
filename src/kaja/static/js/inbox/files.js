// The pictures of an answer: small, with a field for what they show, and those that are still on their way.

import { fill, reasons, upload } from "../kit/ask.js";
import { say } from "../kit/flash.js";
import { words } from "./places.js";

/** Draw `media` ({ thumbnail, filename, alt }) into a list, then the files that are being uploaded. */
export function drawFiles(list, media, running, { changed, removed }) {
  list.replaceChildren(
    ...media.map((item) => {
      const li = document.createElement("li");
      const image = document.createElement("img");
      image.src = item.thumbnail;
      image.alt = item.filename;
      const alt = document.createElement("input");
      alt.className = "input";
      alt.value = item.alt ?? "";
      alt.placeholder = "ALT";
      alt.dir = "auto";
      alt.setAttribute("aria-label", `ALT: ${item.filename}`);
      alt.addEventListener("input", () => {
        item.alt = alt.value;
        changed();
      });
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-quiet button-small button-icon";
      button.textContent = "×";
      button.setAttribute("aria-label", fill(words.remove, { name: item.filename }));
      button.addEventListener("click", () => {
        media.splice(media.indexOf(item), 1);
        removed();
      });
      li.append(image, alt, button);
      return li;
    }),
    ...running.map((file) => {
      const li = document.createElement("li");
      li.textContent = fill(words.uploading, { name: file.name });
      return li;
    }),
  );
}

/** Upload files one after the other; `running` has what breaks each off, `take` gets what is there then. */
export async function uploadFiles(url, given, running, { draw, take }) {
  for (const file of given) {
    const abort = new AbortController();
    running.set(file, abort);
    draw();
    try {
      const { status, data } = await upload(url, file, { onProgress: () => null, signal: abort.signal });
      if (status === 201) take(data);
      else say(reasons(data) || fill(words.uploadFailed, { name: file.name }), "needs");
    } catch (error) {
      if (error.name === "AbortError") return;
      say(fill(words.uploadFailed, { name: file.name }), "needs");
    } finally {
      running.delete(file);
    }
    draw();
  }
}
