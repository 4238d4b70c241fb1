// The inbox: list, thread and what stands around it.

import "./open.js";
import "./list.js";
import "./follow.js";
import "./work.js";
import "./reply.js";
import "./keys.js";
import { current } from "./places.js";
import { refreshWhole } from "./list.js";

// Beside a conversation the page came without counts.
if (current()) refreshWhole();

// <dialog>s of this page that are forms to the server close by their own button.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close-dialog]")) event.target.closest("dialog").close();
});
