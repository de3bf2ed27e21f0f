/** What stands behind the `#` of a mail's link. */

const SIGN_IN = "sign-in=";

/** The token of a link that signs in; null for one that opens a session. */
export function signInToken(fragment) {
  return fragment.startsWith(SIGN_IN) ? fragment.slice(SIGN_IN.length) : null;
}
