// The browser's worker is taken on after the page is there. Without https (or localhost) browsers have none.

if ("serviceWorker" in navigator && window.isSecureContext) {
  const { serviceWorker } = navigator;
  const { person } = document.body.dataset;
  const tell = (say) => serviceWorker.ready.then(({ active }) => active.postMessage({ say, person }));
  window.addEventListener("load", () => serviceWorker.register("/worker.js").catch(() => {}), { once: true });
  // What was shared without network goes now; the worker looks whether there is anything, and whose it is.
  if (person) {
    window.addEventListener("load", () => tell("send"), { once: true });
    window.addEventListener("online", () => tell("send"));
  }
  document.addEventListener("submit", (event) => {
    if (new URL(event.target.action).pathname === "/account/logout/") {
      serviceWorker.controller?.postMessage({ say: "forget" }); // at once: the page is about to go
    }
  });
}
