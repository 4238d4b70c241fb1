// Ids that the page chooses before it sends: sent twice, the same id makes one thing.

/** A UUIDv7 (RFC 9562, section 5.7): the time in milliseconds, then random bits. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  for (let place = 5; place >= 0; place -= 1) {
    bytes[place] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Let a form make another thing than the one before. */
export function renewId(form) {
  for (const field of form.querySelectorAll("input[data-chosen-id]")) field.value = newId();
}
