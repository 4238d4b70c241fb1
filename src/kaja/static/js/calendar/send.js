// Asking Kaja to change the plan, and showing how it stands afterwards without losing the focus.

import { say, show } from "../kit/flash.js";
import { NoAnswer, post, reasons, useToken } from "../kit/ask.js";
import { announce } from "./flag.js";
import { facts, words } from "./places.js";

export const root = () => document.getElementById("calendar");
export const cardOf = (id) => document.getElementById(`post-${id}`);

let focused = null;

document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.("[data-post]");
  if (card) focused = { id: card.dataset.post, more: event.target.matches(".cal-more") };
  else if (event.target !== document.body) focused = null;
});

/** After the calendar was drawn anew: the card that had the focus has it again, wherever it stands now. */
export function refocus() {
  const active = document.activeElement;
  if (!focused || (active && active !== document.body && active.isConnected && !active.closest("#card-menu"))) return;
  const card = cardOf(focused.id);
  card?.closest("details")?.setAttribute("open", "");
  card?.querySelector(focused.more ? ".cal-more" : ".cal-link")?.focus({ preventScroll: true });
}

/** Fetch the present address again and take the calendar out of it. */
export async function refresh() {
  const element = root();
  await htmx.ajax("GET", location.pathname + location.search, {
    source: element, target: element, select: "#calendar", swap: "outerMorph",
  });
  refocus();
}

/** Send; true when it was done. What was refused is said, and nothing has changed. */
export async function send(url, body) {
  useToken(root().dataset.csrf);
  root().setAttribute("aria-busy", "true");
  let answer = null;
  try {
    answer = await post(url, body);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  } finally {
    root().removeAttribute("aria-busy");
  }
  if (answer?.status !== 200) {
    const why = (answer && reasons(answer.data)) || words.noAnswer;
    say(why, "needs");
    announce(why);
    return false;
  }
  show(answer.data.flash);
  announce(answer.data.said);
  await refresh();
  return true;
}

export const move = (id, at) => send(facts.move, { post: id, to: at });
export const bulk = (what, posts, more = {}) => send(facts.bulk, { do: what, posts, ...more });
