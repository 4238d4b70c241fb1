// Everything that every page has. Each module listens on the document, so that swapped-in parts need no set-up.
import "./kit/menu.js";
import "./kit/flash.js";
import "./kit/dialog.js";
import "./forms.js";
import "./palette.js";
import "./keys.js";
import "./live.js";
import "./kit/tabs.js";
import "./kit/list.js";
import "./dates/field.js";
import "./worker/register.js";
