// What is done with conversations and messages: sent by script, so that the list and the thread stay where they are.

import { NoAnswer, post, reasons } from "../kit/ask.js";
import { say, show } from "../kit/flash.js";
import { selectedIn } from "../kit/list.js";
import { announce, byId, current, root, seenOf, words } from "./places.js";
import { refreshRows } from "./list.js";
import { neighbour, openNext, refreshOpened } from "./open.js";

/** Send; the answer's data when it was done, else null, and the reason is said. */
export async function send(url, form) {
  let answer = null;
  try {
    answer = await post(url, form);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
  if (!answer || answer.status >= 400) {
    const why = (answer && reasons(answer.data)) || words.noAnswer;
    say(why, "needs");
    announce(why);
    return null;
  }
  if (answer.data.flash) show(answer.data.flash);
  if (answer.data.said) announce(answer.data.said);
  return answer.data;
}

/** Do one thing to conversations, and go on to the next where the open one is done with. */
export async function workOn(url, ids, name, value, { next = false } = {}) {
  const form = new FormData();
  form.append(name, value);
  for (const id of ids) {
    form.append("conversation", id);
    const seen = seenOf(id);
    if (seen) form.append("seen", `${id}:${seen}`);
  }
  const open = current();
  const goesOn = next && open && ids.includes(open);
  const following = goesOn ? neighbourBeyond(ids, open) : null;
  const data = await send(url, form);
  if (!data) {
    // Perhaps somebody else was quicker: what it is now is what they look at next.
    await Promise.all([refreshRows(ids), refreshOpened()]);
    return false;
  }
  if (goesOn) {
    await Promise.all([openNext(following), refreshRows(ids, { own: true })]);
  } else {
    await Promise.all([refreshRows(ids, { own: true }), refreshOpened()]);
  }
  return true;
}

function neighbourBeyond(ids, open) {
  const next = neighbour(open);
  return next && next !== open && !ids.includes(next) ? next : null;
}

/** What a button is for: what is selected where it stands in the bar of that, else the open conversation. */
const chosenBy = (button) => (button.closest(".bulk") ? selectedIn("conversations") : [current()].filter(Boolean));

// A moment of one's own, for snoozing and for reminders.
const dialog = byId("moment-dialog");
const field = dialog?.querySelector("kaja-date");
let asked = null; // the button that opened it, and for which conversations

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-own-moment]");
  if (!button || !dialog) return;
  const verb = button.dataset.ownMoment;
  asked = { button, verb, ids: chosenBy(button) };
  if (!asked.ids.length) return;
  const menu = button.closest("details[data-menu]");
  menu.open = false;
  menu.querySelector("summary").focus({ preventScroll: true });
  for (const each of dialog.querySelectorAll("[data-verb]")) each.hidden = each.dataset.verb !== verb;
  field.value = field.nextHour();
  dialog.returnValue = "";
  dialog.showModal();
  field.focus();
});
// Enter does what the dialog is for; by itself a form takes its first button, which closes it.
field?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  dialog.querySelector(`button[value="${asked.verb}"]`).click();
});
dialog?.addEventListener("close", async () => {
  const { button, verb, ids } = asked ?? {};
  if (!verb || dialog.returnValue !== verb || !field.value) return;
  const bulk = button.closest(".bulk");
  const done = await workOn(root().dataset.work, ids, "do", `${verb}:${field.value}`, {
    next: button.dataset.next !== undefined,
  });
  if (done && bulk) bulk.querySelector("[data-bulk-clear]").click();
});

document.addEventListener("submit", async (event) => {
  if (event.target.id !== "work") return;
  event.preventDefault();
  event.stopPropagation();
  const button = event.submitter;
  if (!button) return;
  const menu = button.closest("details[data-menu]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus({ preventScroll: true });
  }
  const bulk = button.closest(".bulk");
  const ids = chosenBy(button);
  if (!ids.length) return;
  const address = button.hasAttribute("formaction") ? button.formAction : event.target.action;
  const done = await workOn(address, ids, button.name || "do", button.value, {
    next: button.dataset.next !== undefined,
  });
  if (done && bulk) bulk.querySelector("[data-bulk-clear]").click();
  if (done && button.dataset.takeBack) document.dispatchEvent(new CustomEvent("inbox:taken-back"));
}, true);
