/**
 * What stands behind the `#` of a mail's link: a token, with its purpose before it where it does not
 * open a session, and then perhaps what the person wants: `TOKEN&to=reschedule`.
 */

const PURPOSES = ["sign-in", "offer", "waiver"];
const WAYS = new Set(["reschedule", "cancel"]);

/** Read a fragment: `{ purpose, token, to, lang }`. The purpose of a session's link is "session". */
export function readFragment(fragment) {
  const [first, ...rest] = fragment.split("&");
  const more = new URLSearchParams(rest.join("&"));
  const purpose = PURPOSES.find((one) => first.startsWith(`${one}=`)) ?? "session";
  const token = purpose === "session" ? first : first.slice(purpose.length + 1);
  const to = more.get("to");
  return { purpose, token, to: WAYS.has(to) ? to : null, lang: more.get("lang") };
}
