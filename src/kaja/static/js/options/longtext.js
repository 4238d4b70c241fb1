import { Option } from "./option.js";

customElements.define("kaja-option-longtext", class extends Option {});
