// Everything that every page has. Each module listens on the document, so that swapped-in parts need no set-up.
import "./menus.js";
import "./flash.js";
import "./confirm.js";
import "./forms.js";
import "./palette.js";
import "./keys.js";
import "./live.js";
import "./tabs.js";
import "./dates/field.js";
