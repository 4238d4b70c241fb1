import { Option } from "./option.js";

customElements.define(
  "kaja-option-bool",
  class extends Option {
    get value() {
      return this.field.checked;
    }

    get isUsual() {
      return this.value === (this.dataset.default === "true");
    }
  },
);
