// The flag that shows where a moving card would stand, what is said to screen readers, and marks on the grid.

import { judge, name } from "./places.js";

const flag = document.getElementById("cal-flag");
let marked = null;

/** Say something to screen readers. */
export function announce(text) {
  const place = document.getElementById("calendar-said");
  // The same sentence twice is read twice only when the text changes in between.
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = text));
}

/** Show the time beside a point, and mark the place. Gives back what is to be said. */
export function show(card, at, mark, x, y) {
  const verdict = judge(card, at);
  flag.hidden = false;
  flag.classList.toggle("refused", verdict.refused);
  flag.firstElementChild.textContent = name(at);
  flag.lastElementChild.textContent = verdict.text;
  const width = flag.offsetWidth;
  const height = flag.offsetHeight;
  const left = Math.max(4, Math.min(x, innerWidth - width - 4));
  const top = Math.max(4, Math.min(y, innerHeight - height - 4));
  flag.style.transform = `translate(${left}px, ${top}px)`;
  setMark(mark, verdict.refused);
  return { ...verdict, said: [name(at), verdict.text].filter(Boolean).join(". ") };
}

function setMark(mark, refused) {
  if (marked && marked !== mark) marked.classList.remove("target", "refused");
  marked = mark;
  mark?.classList.add("target");
  mark?.classList.toggle("refused", refused);
}

export function hide() {
  flag.hidden = true;
  setMark(null);
}
