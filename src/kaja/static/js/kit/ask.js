// Talking to Kaja: JSON there and back. An answer of any status is an answer; only silence throws.

export class NoAnswer extends Error {}

let csrf = "";
export const useToken = (token) => (csrf = token);

export async function post(url, body, { signal } = {}) {
  const form = body instanceof FormData;
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": csrf, Accept: "application/json", ...(form ? {} : { "Content-Type": "application/json" }) },
      body: form ? body : JSON.stringify(body),
      credentials: "same-origin",
      redirect: "manual",
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new NoAnswer(error.message);
  }
  if (response.type === "opaqueredirect") return { status: 401, data: {} };
  let data = {};
  if ((response.headers.get("Content-Type") ?? "").includes("json")) data = await response.json();
  else if (response.status >= 500) throw new NoAnswer(`status ${response.status}`);
  return { status: response.status, data };
}

/**
 * Send a file; `onProgress(share)` hears how much of it has left, from 0 to 1. `signal` breaks it off. `fetch` cannot
 * tell progress, so this is the older way: https://developer.mozilla.org/docs/Web/API/XMLHttpRequest/upload
 */
export function upload(url, file, { onProgress, signal }) {
  const form = new FormData();
  form.append("file", file, file.name || "pasted.png");
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", csrf);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      let data = {};
      const json = (request.getResponseHeader("Content-Type") ?? "").includes("json");
      // Whoever is signed out is led to another page, which is no answer about the file.
      const led = request.responseURL && new URL(request.responseURL).pathname !== new URL(url, location.href).pathname;
      if (json) data = JSON.parse(request.responseText);
      else if (request.status >= 500) return reject(new NoAnswer(`status ${request.status}`));
      resolve({ status: led ? 401 : request.status, data });
    };
    request.onerror = () => reject(new NoAnswer("no answer"));
    request.onabort = () => reject(new DOMException("broken off", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Every problem of an answer in one text. */
export function reasons(data) {
  return (data.problems ?? []).map((p) => [p.text, p.fix].filter(Boolean).join(" ")).join(" ");
}

/** "Hello {name}" with its places filled. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
