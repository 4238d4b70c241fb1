// Notices that Kaja pushes, and their buttons. A button that does something does it in the session of the person, with
// the token of their forms, exactly as the button on the page; the others open the page.

self.addEventListener("push", (event) => {
  const told = event.data?.json();
  if (told) event.waitUntil(show(told));
});

/** The same notice again (it was sent twice) takes the place of the first. */
function show(told) {
  return self.registration.showNotification(told.title, {
    body: told.body, tag: told.tag, data: told, icon: SHELL.icon, badge: SHELL.badge,
    actions: told.buttons.map(({ action, title }) => ({ action, title })),
  });
}

self.addEventListener("notificationclick", (event) => {
  const told = event.notification.data;
  const button = told.buttons.find(({ action }) => action === event.action);
  event.notification.close();
  event.waitUntil(button?.post ? press(told, button) : openPage(told.url));
});

async function press(told, { post, form }) {
  const done = await send(post, form).catch(() => false);
  // Without network, signed out, or refused: it says so, and leads to the page that says why.
  if (!done) await show({ ...told, body: told.failed, buttons: [] });
}

async function send(address, form) {
  const { csrf } = await askVisit();
  const answer = await fetch(address, {
    method: "POST", body: new URLSearchParams(form), credentials: "same-origin", redirect: "manual",
    headers: { "X-CSRFToken": csrf, "HX-Request": "true", Accept: "application/json" },
  });
  // A page that was done leads on; one that nobody is signed in for has the page loaded anew (web/workspace.py).
  return answer.type === "opaqueredirect" || (answer.ok && !answer.headers.has("HX-Refresh"));
}

async function openPage(address) {
  const windows = await self.clients.matchAll({ type: "window" });
  const open = windows.find((each) => "navigate" in each);
  if (!open) return self.clients.openWindow(address);
  await open.focus();
  return open.navigate(address);
}

/** Somebody signed out: nothing comes to this browser any more, and nothing that came stands there. */
async function forgetPush() {
  await (await self.registration.pushManager?.getSubscription())?.unsubscribe();
  for (const notification of await self.registration.getNotifications()) notification.close();
}
