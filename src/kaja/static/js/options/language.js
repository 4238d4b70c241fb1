import { Option } from "./option.js";

customElements.define("kaja-option-language", class extends Option {});
