/**
 * What the page keeps for this tab, and only for it (docs/decisions/0008-portal.md, 0051-portal.md):
 *
 * - the refresh token of a client who is signed in, so that a reload does not sign them out;
 * - the access token of each link that was opened, which ends by itself after half an hour. The
 *   link's own token, which works for weeks, is never kept;
 * - the language that a person chose;
 * - by how much this phone's clock differs from the server's.
 *
 * Where the browser keeps nothing, a reload asks to open the link or to sign in again.
 */

const REFRESH = "reslot-refresh";
const LINKS = "reslot-links";
const LANGUAGE = "reslot-language";
const OFFSET = "reslot-clock";

function read(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    if (value) sessionStorage.setItem(name, value);
    else sessionStorage.removeItem(name);
  } catch {
    // Then it is known until the page is loaded again.
  }
}

/** The refresh token, or null. */
export const remembered = () => read(REFRESH);

/** Keep a refresh token instead of the one before; null: keep none. */
export const remember = (token) => write(REFRESH, token);

/** The language that a person chose, or null. */
export const rememberedLanguage = () => read(LANGUAGE);
export const rememberLanguage = (language) => write(LANGUAGE, language);

/** What is to be added to this phone's clock, in milliseconds. */
export const rememberedOffset = () => Number(read(OFFSET)) || 0;
export const rememberOffset = (offset) => write(OFFSET, offset);

/** What the links of this tab opened: `{ id, access, until }` for each session. */
export function rememberedLinks() {
  try {
    const links = JSON.parse(read(LINKS) ?? "[]");
    return Array.isArray(links) ? links : [];
  } catch {
    return [];
  }
}

/** Keep what a link opened, or drop it where `access` is null. Without an id: drop all. */
export function rememberLink(id = null, access = null, until = null) {
  const others = id === null ? [] : rememberedLinks().filter((one) => one.id !== id);
  const links = access === null ? others : [...others, { id, access, until }];
  write(LINKS, links.length > 0 ? JSON.stringify(links) : null);
}
