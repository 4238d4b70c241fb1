// One field of a network: where it stands, and its value as it is sent. Each kind has a module and a template.

export class Option extends HTMLElement {
  get field() {
    return this.querySelector("[data-option]");
  }

  get name() {
    return this.field.dataset.option;
  }

  get value() {
    return this.field.value;
  }

  /** Whether it says what would be so without it. */
  get isUsual() {
    return this.value === this.dataset.default;
  }
}
