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

/** Every problem of an answer in one text. */
export function reasons(data) {
  return (data.problems ?? []).map((p) => [p.text, p.fix].filter(Boolean).join(" ")).join(" ");
}

/** "Hello {name}" with its places filled. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
