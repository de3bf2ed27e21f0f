/** What stands behind the `#` of a mail's link. */

const SIGN_IN = "sign-in=";
const OFFER = "offer=";
const WAIVER = "waiver=";

/** The token of a link that signs in; null for one that opens a session. */
export function signInToken(fragment) {
  return fragment.startsWith(SIGN_IN) ? fragment.slice(SIGN_IN.length) : null;
}

/** The token of a link to an offer; null for one that opens a session. */
export function offerToken(fragment) {
  return fragment.startsWith(OFFER) ? fragment.slice(OFFER.length) : null;
}

/** The token of a link to answer a client's question about a fee; null for one that opens a session. */
export function waiverToken(fragment) {
  return fragment.startsWith(WAIVER) ? fragment.slice(WAIVER.length) : null;
}
