// Dialogs: <button data-open-dialog="id"> opens one (`{% dialog %}`); Escape closes it and the focus goes back by itself.
// Actions that cannot be undone ask first, in our own dialog: <form data-confirm="What will happen"
// data-confirm-title="…" data-confirm-yes="Delete">, and hx-confirm the same way.

/** Ask; resolves to true when the person agrees. */
export function ask(text, { title, yes, danger = false } = {}) {
  const dialog = document.getElementById("confirm-dialog");
  const heading = dialog.querySelector("#confirm-title");
  const button = dialog.querySelector("#confirm-yes");
  heading.textContent = title || heading.dataset.default;
  dialog.querySelector("#confirm-text").textContent = text;
  button.textContent = yes || button.dataset.default;
  button.classList.toggle("button-danger", danger);
  button.classList.toggle("button-main", !danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

const words = (element) => ({
  title: element.dataset.confirmTitle,
  yes: element.dataset.confirmYes,
  danger: element.dataset.confirmDanger !== undefined,
});

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const source = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!source.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(source.dataset.confirm, words(source))) {
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.confirmed;
    }
  },
  true,
);

document.addEventListener("htmx:confirm", async (event) => {
  const { ctx, issueRequest } = event.detail;
  if (!ctx?.confirm || typeof issueRequest !== "function") return;
  event.preventDefault();
  if (await ask(ctx.confirm, words(ctx.sourceElement))) issueRequest();
  else event.detail.dropRequest?.();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-open-dialog]");
  if (button) document.getElementById(button.dataset.openDialog)?.showModal();
});
