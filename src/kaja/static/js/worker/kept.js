// What the phone's share sheet gives: kept on the device under a key, and made a draft once there is a network. The key
// becomes the draft's id, so however often it is sent it is one draft. It leaves the device when Kaja has it, when its
// person signs out, or when somebody else signs in here.

const SHARED = "shared";
const ABOUT = "about";

/** Do `work` with the stores; resolves when it is really written. */
async function withKept(mode, work) {
  const base = await new Promise((resolve, reject) => {
    const opening = indexedDB.open("kaja", 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(SHARED, { keyPath: "key" });
      opening.result.createObjectStore(ABOUT);
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  try {
    const turn = base.transaction([SHARED, ABOUT], mode);
    const done = new Promise((resolve, reject) => {
      turn.oncomplete = resolve;
      turn.onabort = () => reject(turn.error);
    });
    const asked = work(turn.objectStore(SHARED), turn.objectStore(ABOUT));
    await done;
    return asked?.result;
  } finally {
    base.close();
  }
}

const listKept = async () => (await withKept("readonly", (shared) => shared.getAll())) ?? [];
const keep = (entry) => withKept("readwrite", (shared) => shared.put(entry));
const drop = (key) => withKept("readwrite", (shared) => shared.delete(key));
const listMade = async () => (await withKept("readonly", (_shared, about) => about.get("made"))) ?? [];
/** It is with Kaja, and the page that asks for it later is told what became of it. */
const settle = async (told) => {
  const made = [...(await listMade()).filter(({ key }) => key !== told.key), told].slice(-10);
  await withKept("readwrite", (shared, about) => {
    about.put(made, "made");
    shared.delete(told.key);
  });
};

/** A UUIDv7, which Kaja takes as the id of the draft (js/ids.js makes the pages' own). */
function newKey() {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

/** POST of the share sheet: kept first, whatever the network does; the page it leads to has it sent. */
async function takeShared(request) {
  const form = await request.formData();
  const word = (name) => String(form.get(name) ?? "").trim();
  const files = form.getAll("media").filter((file) => file instanceof File && file.size);
  const person = (await withKept("readonly", (_shared, about) => about.get("person"))) ?? "";
  const key = newKey();
  await keep({ key, person, title: word("title"), text: word("text"), url: word("url"), files, media: [], refused: [] });
  await self.registration.sync?.register("kaja-kept").catch(() => {});
  return Response.redirect(`${SHELL.offline}?shared=${key}`, 303);
}

/** Whose device it is now. What others have kept here goes. */
async function meet(person) {
  for (const entry of await listKept()) if (entry.person && entry.person !== person) await drop(entry.key);
  await withKept("readwrite", (_shared, about) => about.put(person, "person"));
}

/** Nothing of a person stays here: what they kept, and what was shown to them. */
async function forgetPerson() {
  await withKept("readwrite", (shared, about) => {
    shared.clear();
    about.clear();
  });
}

/** Send what is kept. `made` says what became of the latest; `why` what it waits for: "network", "person" (nobody is signed in), or nothing. */
async function sendKept() {
  return navigator.locks.request("kaja-kept", async () => {
    let why = "";
    if ((await listKept()).length) {
      try {
        const visit = await askVisit();
        await meet(visit.person);
        for (const entry of await listKept()) await sendOne(entry, visit);
      } catch (error) {
        why = error instanceof Waits ? error.message : "network";
      }
    }
    return { made: await listMade(), why, waiting: (await listKept()).length };
  });
}

class Waits extends Error {}

/** An answer in JSON, or the reason to wait. What is refused for good is an answer. */
async function askKaja(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", redirect: "manual", ...options });
  if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) throw new Waits("person");
  if (answer.status === 429 || answer.status >= 500) throw new Waits("network");
  return { ok: answer.ok, ...(await answer.json().catch(() => ({}))) };
}

const askVisit = () => askKaja("/visit", { headers: { Accept: "application/json" } });

async function sendOne(entry, visit) {
  const headers = { Accept: "application/json", "X-CSRFToken": visit.csrf };
  if (!visit.share) throw new Waits("place");
  while (entry.files.length) {
    const form = new FormData();
    form.append("file", entry.files[0], entry.files[0].name);
    const taken = await askKaja(visit.upload, { method: "POST", body: form, headers });
    if (taken.ok) entry.media.push(taken.id);
    else entry.refused.push(...(taken.problems ?? []).map((problem) => `${problem.text} ${problem.fix}`.trim()));
    entry.files.shift();
    await keep(entry); // what Kaja has is not sent again
  }
  const { key, title, text, url, media, refused } = entry;
  const body = JSON.stringify({ id: key, title, text, url, media });
  const made = await askKaja(visit.share, {
    method: "POST", body, headers: { ...headers, "Content-Type": "application/json" },
  });
  if (!made.ok) refused.push(...(made.problems ?? []).map((problem) => `${problem.text} ${problem.fix}`.trim()));
  await settle({ key, edit: made.edit ?? "", refused });
}

self.addEventListener("sync", (event) => {
  if (event.tag !== "kaja-kept") return;
  // The browser tries again later when this fails.
  event.waitUntil(sendKept().then(({ why }) => (why === "network" ? Promise.reject(new Error(why)) : null)));
});

self.addEventListener("message", (event) => {
  const { say, person } = event.data ?? {};
  const [port] = event.ports;
  if (say === "send") {
    const turn = (person ? meet(person) : Promise.resolve()).then(sendKept);
    event.waitUntil(turn.then((told) => port?.postMessage(told)));
  } else if (say === "forget") {
    event.waitUntil(Promise.all([forgetPerson(), forgetPush()]));
  }
});
