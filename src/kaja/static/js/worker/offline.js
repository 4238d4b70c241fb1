// The page that the worker shows without network, and after something was shared: it has the worker send what is kept,
// and goes on by itself, to the draft or to the page that was asked for.

const shared = new URLSearchParams(location.search).get("shared");
const part = document.getElementById("shared");
const isOwnAddress = location.pathname === "/offline";

document.getElementById("sign-in").href += encodeURIComponent(location.search);

function say(why) {
  part.hidden = false;
  document.getElementById("no-network").hidden = true;
  for (const each of part.querySelectorAll("[data-why]")) each.hidden = !each.dataset.why.split(" ").includes(why);
}

/** What the worker says of what is kept: { made, why, waiting }. */
function haveSent() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    navigator.serviceWorker.ready.then(({ active }) => active.postMessage({ say: "send" }, [port2]));
  });
}

function show({ made, why, waiting }) {
  document.getElementById("kept-count").textContent = waiting;
  const mine = made.find(({ key }) => key === shared);
  if (mine?.refused.length || (mine && !mine.edit)) {
    const lines = mine.refused.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    document.getElementById("refused").replaceChildren(...lines);
    document.getElementById("draft").href = mine.edit || "/";
    return say("refused");
  }
  if (mine) return location.replace(mine.edit);
  if (waiting) {
    say(why || "network");
    // Another window, or the browser by itself, may have it sent, and tells this one nothing.
    if (navigator.onLine) setTimeout(async () => show(await haveSent()), 4000);
    return;
  }
  // Somebody else is signed in by now, or it was opened without anything shared.
  return location.replace("/");
}

async function begin() {
  if (isOwnAddress && navigator.serviceWorker?.controller) {
    say("sending");
    show(await haveSent());
  }
}

const onwards = () => (isOwnAddress ? begin() : location.reload());
for (const again of document.querySelectorAll("[data-again]")) again.addEventListener("click", onwards);
window.addEventListener("online", onwards);
begin();
