// What happens elsewhere comes into the page. Changed rows are sent with the news, drawn once for all pages that show
// this list; the open thread is asked for, and so are rows that were not sent in time, or of another list meanwhile.

import { patience } from "../live.js";
import { current, listQuery } from "./places.js";
import { refreshRows, refreshViews, refreshWhole, takeDrawn } from "./list.js";
import { fetchAbout, refreshOpened } from "./open.js";

const SOON = 120;
const SENT_WITHIN = 3000;
const followed = listQuery().toString();
const isFollowed = () => listQuery().toString() === followed;

/** Does `work` after a while, once for all that asked for it meanwhile, and never twice at a time. */
function gather(pause, work) {
  let [timer, busy, again] = [0, false, false];
  const ask = (wait = pause()) => {
    if (busy) again = true;
    else if (!timer) timer = setTimeout(go, wait);
  };
  async function go() {
    timer = 0;
    if (document.hidden) return (again = true);
    [busy, again] = [true, false];
    try {
      await work();
    } finally {
      busy = false;
      if (again) ask();
    }
  }
  document.addEventListener("visibilitychange", () => !document.hidden && again && ask(SOON));
  return ask;
}

const wanted = new Set();
const askThread = gather(() => SOON, refreshOpened);
const askAbout = gather(() => SOON + patience(), fetchAbout);
const askViews = gather(() => SOON + patience(), refreshViews);
const askWhole = gather(() => SOON + patience(), () => Promise.all([refreshWhole(), refreshOpened()]));
const askRows = gather(() => (isFollowed() ? SENT_WITHIN : SOON), async () => {
  const ids = [...wanted];
  wanted.clear();
  if (ids.length > 50) await refreshWhole();
  else if (ids.length) await refreshRows(ids);
});

function drawn({ ids, html }) {
  if (!isFollowed()) return;
  for (const id of ids) wanted.delete(id);
  takeDrawn(ids, html);
  askViews();
}

document.addEventListener("kaja:live", ({ detail }) => {
  const { topic, id } = detail;
  if (topic === "drawn") drawn(detail);
  else if (topic === "*" || (topic === "conversation" && !id)) askWhole();
  else if (topic === "conversation") {
    wanted.add(id);
    askRows();
    if (id === current()) askThread();
  } else if (topic === "delivery" && current() && (!id || id === current())) askThread();
  else if (topic === "reaction" && current()) askAbout();
});
