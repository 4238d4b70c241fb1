// What happens elsewhere comes into the page: the list and the open thread are asked about what changed.

import { current } from "./places.js";
import { refreshRows, refreshWhole } from "./list.js";
import { refreshOpened } from "./open.js";

const PAUSE = 120;
const wanted = new Set();
let whole = false;
let opened = false;
let timer = 0;
let busy = false;

async function go() {
  timer = 0;
  if (document.hidden || busy) return;
  busy = true;
  try {
    const ids = [...wanted];
    const [all, mine] = [whole || ids.length > 50, opened];
    wanted.clear();
    whole = opened = false;
    await Promise.all([
      all ? refreshWhole() : ids.length ? refreshRows(ids) : null,
      all || mine || ids.includes(current()) ? refreshOpened() : null,
    ]);
  } finally {
    busy = false;
    if (wanted.size || whole || opened) soon();
  }
}

function soon() {
  if (!timer) timer = setTimeout(go, PAUSE);
}

document.addEventListener("kaja:live", ({ detail: { topic, id } }) => {
  if (topic === "*" || (topic === "conversation" && !id)) whole = true;
  else if (topic === "conversation") wanted.add(id);
  else if (topic === "delivery" && current() && (!id || id === current())) opened = true;
  else return;
  soon();
});
document.addEventListener("visibilitychange", () => !document.hidden && (wanted.size || whole || opened) && soon());
