import { Option } from "./option.js";

// What is no number stays as it was typed: Kaja says what is wrong with it.
customElements.define("kaja-option-number", class extends Option {});
