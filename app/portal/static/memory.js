/**
 * The one thing that the page keeps: the refresh token of a client who is signed in, so that a
 * reload does not sign them out. It is kept for this tab only, and goes with it
 * (docs/decisions/0008-portal.md). Where the browser keeps nothing, a reload asks to sign in again.
 */

const NAME = "reslot-refresh";

export function remembered() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

/** Keep a token instead of the one before; null: keep none. */
export function remember(token) {
  try {
    if (token) sessionStorage.setItem(NAME, token);
    else sessionStorage.removeItem(NAME);
  } catch {
    // Then it is known until the page is loaded again.
  }
}
