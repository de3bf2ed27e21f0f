/**
 * The words of the page. `t` has those of the language in use; `texts/` has a file for each language,
 * and only the one that is needed is loaded.
 */

/** Each language by its own name. */
export const NAMES = { en: "English", fr: "Français", de: "Deutsch", es: "Español" };

const FILES = {
  en: () => import("./texts/en.js"),
  fr: () => import("./texts/fr.js"),
  de: () => import("./texts/de.js"),
  es: () => import("./texts/es.js"),
};

/** The words, once `speak` has loaded them. */
export const t = {};

let spoken = "en";

/** The language in use. */
export const language = () => spoken;

/** Give the first language of these tags ("de-AT") that the page has, or null. */
export function known(tags) {
  for (const tag of tags) {
    const found = String(tag).toLowerCase().split("-")[0];
    if (Object.hasOwn(NAMES, found)) return found;
  }
  return null;
}

/** End a sentence once: a value at its end may have a full stop of its own, such as "8:00 a.m.". */
function ended(text) {
  if (typeof text === "function") {
    const once = (said, value) => (String(value).endsWith(".") ? said.replaceAll(`${value}.`, () => value) : said);
    return (...values) => values.reduce(once, text(...values));
  }
  if (typeof text !== "object") return text;
  return Object.fromEntries(Object.entries(text).map(([key, value]) => [key, ended(value)]));
}

/** Use a language from now on, also for what is shown outside of the views. */
export async function speak(wanted) {
  const { texts } = await FILES[wanted]();
  spoken = wanted;
  Object.assign(t, ended(texts));
  const root = document.documentElement;
  root.lang = wanted;
  const tag = new Intl.Locale(wanted);
  root.dir = (tag.getTextInfo?.() ?? tag.textInfo)?.direction ?? "ltr";
}
