// Messages stay until they are dismissed. Refused fragments and lost connections are said here too.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest("[data-flash], .notice").remove();
});

/** Show a message (already in the person's language). `kind`: done, info, warning, needs. */
export function say(text, kind = "info") {
  const place = document.getElementById("flashes");
  if (!place || [...place.querySelectorAll("p")].some((p) => p.textContent === text)) return;
  const template = document.getElementById("flash-template");
  const notice = template.content.firstElementChild.cloneNode(true);
  notice.classList.add(`notice-${kind}`);
  notice.setAttribute("role", kind === "needs" ? "alert" : "status");
  notice.querySelector("p").textContent = text;
  place.append(notice);
}

// A request that got no answer at all: say so where the person looks, and keep what they typed.
document.addEventListener("htmx:error", (event) => {
  const words = document.getElementById("flash-template")?.dataset;
  if (words && event.detail?.ctx?.request && event.target.dataset?.quiet === undefined) say(words.noAnswer, "needs");
});

// A whole page of error never lands inside a part of a page.
document.addEventListener("htmx:before:swap", (event) => {
  const { response, hx, text } = event.detail.ctx;
  if (!response || response.status < 400 || hx?.retarget) return;
  if (response.status >= 500 || /^\s*<!doctype/i.test(text ?? "")) {
    event.preventDefault();
    const words = document.getElementById("flash-template").dataset;
    say(response.status >= 500 ? words.failed : words.gone, "needs");
  }
});
