import { Option } from "./option.js";

/** What is typed with commas between, of any script; each once. */
export const readTerms = (text) => [...new Set(text.split(/[,，、]/).map((term) => term.trim()).filter(Boolean))];

customElements.define(
  "kaja-option-terms",
  class extends Option {
    get value() {
      return readTerms(this.field.value);
    }

    get isUsual() {
      return !this.value.length;
    }
  },
);
