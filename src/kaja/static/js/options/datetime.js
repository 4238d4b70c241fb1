import { Option } from "./option.js";

// What the workspace's clocks show; which instant that is, Kaja says when it is saved.
customElements.define(
  "kaja-option-datetime",
  class extends Option {
    get value() {
      return this.querySelector("kaja-date").value;
    }
  },
);
