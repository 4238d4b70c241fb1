// The browser's worker is taken on after the page is there. Without https (or localhost) browsers have none.

if ("serviceWorker" in navigator && window.isSecureContext) {
  window.addEventListener("load", () => navigator.serviceWorker.register("/worker.js").catch(() => {}), { once: true });
}
