// Kaja's worker in the browser. It keeps the files of SHELL (see web/app/shell.py) and the page without network, which
// are the same for everybody, and nothing else: no page of a workspace, no picture, no answer of Kaja's is ever kept.

const KEPT = `kaja-shell-${SHELL.version}`;
const FILES = new Set(SHELL.files);
// Under a name that carries its hash a file never changes; under its plain name (in development) it may.
const neverChanges = (path) => /\.[0-9a-f]{12}\.\w+$/.test(path);

self.addEventListener("install", (event) => {
  const fresh = [SHELL.offline, ...SHELL.files].map((address) => new Request(address, { cache: "no-cache" }));
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(begin()));

async function begin() {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
  // The page is asked for while this script starts, so nobody waits for it.
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === "POST" && pathname === SHELL.share) event.respondWith(takeShared(request));
  else if (request.method !== "GET") return;
  else if (FILES.has(pathname)) event.respondWith(giveFile(request, pathname));
  else if (request.mode === "navigate") event.respondWith(givePage(event));
});

async function giveFile(request, pathname) {
  const kept = () => caches.match(pathname, { cacheName: KEPT });
  if (neverChanges(pathname)) return (await kept()) ?? fetch(request);
  return fetch(request).catch(async () => (await kept()) ?? Response.error());
}

/** The page itself, always from Kaja; without network the one that says so, which also takes in what was shared. */
async function givePage(event) {
  const own = () => caches.match(SHELL.offline, { cacheName: KEPT });
  try {
    if (new URL(event.request.url).pathname === SHELL.offline) return (await own()) ?? (await fetch(event.request));
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await own()) ?? Response.error();
  }
}
