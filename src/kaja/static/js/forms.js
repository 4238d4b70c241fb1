// Small kindnesses of forms.

import { renewId } from "./ids.js";

// A form that is being sent shows it, and is not sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.closest("[hx-post]")) return;
  if (form.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  form.setAttribute("aria-busy", "true");
});

// Coming back from the browser's cache, nothing is being sent, and what is sent next is another thing.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) renewId(form);
  for (const form of document.querySelectorAll('form[aria-busy="true"]')) form.removeAttribute("aria-busy");
});

// <input data-guess-zone>: the browser's own time zone, unless something is chosen already.
for (const field of document.querySelectorAll("[data-guess-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!field.value || field.value === "UTC") {
    if (field.tagName !== "SELECT" || [...field.options].some((o) => o.value === zone)) field.value = zone;
  }
}

// <form data-submit-on-change>: switches take effect at once.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});

// <button data-print>: the page on paper.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// <button data-copy="#id">: copy a value and say so on the button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  if (!button.dataset.copied) return;
  const word = button.querySelector("span") ?? button;
  const before = word.textContent;
  word.textContent = button.dataset.copied;
  setTimeout(() => (word.textContent = before), 2000);
});

// The first field with a mistake gets the focus, so that the mistake is read first.
document.querySelector('main [aria-invalid="true"]')?.focus();
