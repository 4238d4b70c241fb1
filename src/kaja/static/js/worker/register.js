// The browser's worker is taken on after the page is there. Without https (or localhost) browsers have none.

import { post, useToken } from "../kit/ask.js";

async function keepDevice({ pushManager }) {
  const given = await pushManager?.getSubscription();
  if (given) {
    useToken(JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"]);
    const { status, data } = await post("/visit/keep", { endpoint: given.endpoint });
    if (status === 200 && !data.known) await given.unsubscribe(); // somebody else's, or switched off elsewhere
    if (status !== 200) return;
  }
  localStorage.setItem("kaja-visit", document.body.dataset.visit);
}

if ("serviceWorker" in navigator && window.isSecureContext) {
  const { serviceWorker } = navigator;
  const { person, visit } = document.body.dataset;
  const tell = (say) => serviceWorker.ready.then(({ active }) => active.postMessage({ say, person }));
  window.addEventListener("load", () => serviceWorker.register("/worker.js").catch(() => {}), { once: true });
  // What was shared without network goes now; the worker looks whether there is anything, and whose it is.
  if (person) {
    window.addEventListener("load", () => tell("send"), { once: true });
    window.addEventListener("online", () => tell("send"));
  }
  // Signed in anew (the session was over, or the password changed): this device goes on being told.
  if (person && localStorage.getItem("kaja-visit") !== visit) {
    window.addEventListener("load", () => serviceWorker.ready.then(keepDevice).catch(() => {}), { once: true });
  }
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") === "/account/logout/") {
      serviceWorker.controller?.postMessage({ say: "forget" }); // at once: the page is about to go
    }
  });
}
