/** What time it is for the server: deadlines are its, and a phone's clock may be wrong. */

import { rememberedOffset, rememberOffset } from "./memory.js";

const TOLERATED = 5000;
let offset = rememberedOffset();

/** Learn from the `Date` header of an answer. */
export function sync(header) {
  const difference = Date.parse(header) + 500 - Date.now();
  if (!Number.isFinite(difference)) return;
  offset = Math.abs(difference) > TOLERATED ? difference : 0;
  rememberOffset(offset);
}

/** The present instant, in milliseconds. */
export function now() {
  return Date.now() + offset;
}
