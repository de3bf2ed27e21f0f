/** Whom to contact, ready to tap. */

import { h, link, mailto } from "./dom.js";
import { t } from "./strings.js";

/** Links to call and to write. */
export function contactLinks(contact) {
  return h(
    "p",
    { class: "contact" },
    contact.phone ? link(tel(contact.phone), t.contact.call(contact.phone)) : null,
    contact.email ? link(mailto(contact.email), t.contact.mail(contact.email)) : null,
  );
}

/**
 * The address to call. A number may be written with a "(0)" that is only dialled within the country,
 * and with an extension, which is dialled after the call is answered.
 */
export function tel(phone) {
  const [number] = phone.split(/(?:;|,|\b(?:ext|extn|extension|poste|int|durchwahl|dw)\b|\bx(?=[\s.]*\d)|#)/i);
  const international = /^\s*(\+|00)/.test(number) ? number.replace(/\(\s*0\s*\)/g, "") : number;
  return `tel:${international.replace(/[^+\d]/g, "")}`;
}
