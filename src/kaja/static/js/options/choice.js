import { Option } from "./option.js";

customElements.define("kaja-option-choice", class extends Option {});
