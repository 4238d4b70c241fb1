import { Option } from "./option.js";

customElements.define("kaja-option-format", class extends Option {});
