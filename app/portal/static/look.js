/**
 * The practice's colour. Whatever a practice chose, text in it and on it keeps the contrast that WCAG 2.2
 * AA asks for: the colour is made darker or lighter until it does, for light and for dark surfaces apart.
 */

const ENOUGH = 4.6;
const WHITE = [255, 255, 255];
const INK = [16, 20, 24];
/** The surfaces that the colour is seen on: as it is, and a card that is mixed with so much of the colour (portal.css: --room). */
const LIGHT = { surface: [232, 238, 243], card: WHITE, share: 0.12 };
const DARK = { surface: [33, 43, 52], card: [24, 32, 38], share: 0.16 };

const linear = (value) => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};
const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);

/** The contrast of two colours, from 1 to 21. */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const mixed = (colour, other, share) => colour.map((value, index) => Math.round(value + (other[index] - value) * share));
const written = (colour) => `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;

/** Change a colour towards another one until it stands out from the surfaces. */
function readable(colour, { surface, card, share: part }, towards) {
  for (let share = 0; share <= 1; share += 0.02) {
    const tried = mixed(colour, towards, share);
    if ([surface, mixed(card, tried, part)].every((one) => contrast(tried, one) >= ENOUGH)) return tried;
  }
  return towards;
}

/** The colours that follow from a practice's: for light and dark surfaces, with what is written on them. */
export function coloursOf(accent) {
  const colour = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16));
  const light = readable(colour, LIGHT, [0, 0, 0]);
  const dark = readable(colour, DARK, WHITE);
  const on = (one) => (contrast(one, WHITE) >= contrast(one, INK) ? WHITE : INK);
  return { light: written(light), onLight: written(on(light)), dark: written(dark), onDark: written(on(dark)) };
}

/** Let the page wear a practice's colour; null: its own. */
export function dress(accent) {
  const { style } = document.documentElement;
  const names = ["--accent-light", "--on-accent-light", "--accent-dark", "--on-accent-dark"];
  if (accent === null || !/^#[0-9a-f]{6}$/i.test(accent)) {
    for (const name of names) style.removeProperty(name);
    return;
  }
  const { light, onLight, dark, onDark } = coloursOf(accent);
  [light, onLight, dark, onDark].forEach((value, index) => style.setProperty(names[index], value));
}
