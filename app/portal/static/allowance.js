/** A free change of the client's allowance: what it means for an action, and paying instead. */

import { h } from "./dom.js";
import { day, money } from "./format.js";
import { t } from "./strings.js";
import { ZONE } from "./zones.js";

/** Why an action is free, or that no free change is left; null where the policy has none for it. */
export function allowanceText({ allowance }) {
  if (!allowance) return null;
  const { left, of, renews_at: renews, would_use: uses } = allowance;
  if (uses) return t.allowance.uses(of - left + 1, of);
  return left === 0 && renews ? t.allowance.none(of, day(renews, ZONE)) : null;
}

/** The decision of someone who pays instead, with what each reason then changes. */
export function paying(decision) {
  return { ...decision, ...decision.allowance.instead, free_because: null, allowance: null };
}

/** The part of a command's form. `onChange` is called when the person changes their mind. */
export function payInstead(onChange) {
  const box = h("input", { type: "checkbox", id: "pay-instead", onchange: onChange });
  const words = h("span", {});
  const node = h("div", { class: "reason", hidden: true }, h("label", { class: "option", for: "pay-instead" }, box, words));
  return {
    node,
    /** Show it only where a free change would be used for a fee. */
    offer(decision) {
      const fee = decision?.allowance?.would_use ? decision.allowance.instead.fee : null;
      node.hidden = !fee;
      if (fee) words.textContent = t.allowance.pay(money(fee));
    },
    get isChosen() {
      return !node.hidden && box.checked;
    },
  };
}
