// The page of a person's devices: what this browser can do, and switching it on. What is said stands in the page.

import { post, useToken } from "../kit/ask.js";

const root = document.getElementById("this-device");
const on = document.getElementById("push-on");
const known = root.dataset.known === "1";
// In a session that is new here, register.js asks first whether the device goes on.
const isNew = localStorage.getItem("kaja-visit") !== document.body.dataset.visit;
useToken(root.dataset.csrf);

/** Show one of the sentences of the page. */
function say(state) {
  for (const each of root.querySelectorAll("[data-state]")) each.hidden = each.dataset.state !== state;
  on.hidden = state !== "off" && state !== "failed";
}

const keyBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

async function subscribe() {
  const { pushManager } = await navigator.serviceWorker.ready;
  if ((await Notification.requestPermission()) !== "granted") return say("blocked");
  const before = await pushManager.getSubscription();
  const key = keyBytes(root.dataset.key);
  const same = new Uint8Array(before?.options.applicationServerKey ?? []).join() === key.join();
  if (before && !same) await before.unsubscribe(); // made for a key that this Kaja has no more
  const given = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { status } = await post(root.dataset.add, given.toJSON());
  if (status !== 200) throw new Error(`status ${status}`);
  return location.reload();
}

async function begin() {
  if (!window.isSecureContext) return say("insecure");
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    // Safari on a phone has it for applications on the home screen only.
    return say(navigator.standalone === false ? "install" : "unsupported");
  }
  if (Notification.permission === "denied") return say("blocked");
  const { pushManager } = await navigator.serviceWorker.ready;
  const given = await pushManager.getSubscription();
  if (known && given) return say("on");
  // Switched off, here or from another device: the push service need not know it any longer.
  if (given && !isNew) await given.unsubscribe();
  return say("off");
}

on.addEventListener("click", async () => {
  on.setAttribute("aria-busy", "true");
  try {
    await subscribe();
  } catch {
    say("failed"); // the browser's own push service did not answer, or Kaja did not take what it gave
  } finally {
    on.removeAttribute("aria-busy");
  }
});

begin();
