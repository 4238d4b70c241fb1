import { Option } from "./option.js";

customElements.define("kaja-option-text", class extends Option {});
