import "./bool.js";
import "./choice.js";
import "./format.js";
import "./language.js";
import "./longtext.js";
import "./number.js";
import "./terms.js";
import "./text.js";
