// The living page of components opens its menu of many things.
import { openPopup } from "./kit/popup.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-ui-popup]");
  if (button) openPopup(document.getElementById("ui-popup"), button);
});
