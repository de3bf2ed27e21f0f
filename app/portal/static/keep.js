/** What a person did in a view stays as it is when the view is shown again, also where a part comes late. */

const CONTROLS = "input, textarea, select, button, a, summary, [tabindex]";

const isChoice = ({ type }) => ["radio", "checkbox"].includes(type);

/** What an element is called in the old and in the new view. Ids that point at each other end in a number. */
const nameOf = (element) => [element.id.replace(/-\d+$/, "") || element.className, element.name ?? "", isChoice(element) ? element.value : ""].join();
const alike = (root, tag, name) => [...root.querySelectorAll(tag)].filter((one) => nameOf(one) === name);

/** The function that finds in `root`, as it will be, what an element of it is now. */
function finder(element, root) {
  const { tagName } = element;
  const name = nameOf(element);
  const index = alike(root, tagName, name).indexOf(element);
  return () => alike(root, tagName, name)[index];
}

function fill(field, { value, checked }) {
  if (isChoice(field) ? field.checked === checked : field.value === value) return;
  Object.assign(field, isChoice(field) ? { checked } : { value });
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
}

/** What must be done in the new view: each is a name and an action. */
function stepsOf(root) {
  const steps = [];
  const add = (element, action) => steps.push({ find: finder(element, root), action });
  for (const fold of root.querySelectorAll("details")) {
    const { open } = fold;
    add(fold, (one) => { one.open = open; });
  }
  for (const field of root.querySelectorAll("input, textarea")) {
    const { value, checked, type } = field;
    const isChanged = isChoice(field) ? checked !== field.defaultChecked && (checked || type === "checkbox") : value !== field.defaultValue;
    if (isChanged) add(field, (one) => fill(one, { value, checked }));
  }
  const focused = document.activeElement;
  if (root.contains(focused) && focused.matches(CONTROLS)) {
    const { id, selectionStart: from = null, selectionEnd: to } = focused;
    const again = finder(focused, root);
    // What a button said may stand in its place, with its id.
    const find = () => (id && document.getElementById(id)) || again();
    steps.push({ find, action: (one) => {
      if (document.activeElement !== document.body) return; // The person has gone on meanwhile.
      one.focus({ preventScroll: true });
      if (from !== null && one.setSelectionRange) one.setSelectionRange(from, to);
    } });
  }
  return steps;
}

/**
 * Note what is open, typed and focused in `root`, and how far it is scrolled. The function in the answer
 * does it again in what `root` has then; it answers with a function that stops waiting for late parts.
 */
export function keep(root) {
  let steps = stepsOf(root);
  const y = scrollY;
  return () => {
    // What comes late stood there before: it pushes down what follows, and the page is not scrolled for it.
    document.documentElement.style.overflowAnchor = "none";
    let at = null;
    let isTheirs = false;
    const go = () => {
      steps = steps.filter(({ find, action }) => {
        const element = find();
        if (element) action(element);
        return !element;
      });
      isTheirs ||= at !== null && at !== scrollY;
      if (!isTheirs) {
        // While a part is to come, the page may be too short for it.
        scrollTo(0, y);
        at = scrollY;
      }
      if (steps.length === 0 && (isTheirs || at === y)) late.disconnect();
    };
    const late = new MutationObserver(go);
    late.observe(root, { childList: true, subtree: true });
    go();
    return () => {
      late.disconnect();
      document.documentElement.style.overflowAnchor = "";
    };
  };
}
