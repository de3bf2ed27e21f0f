/** Small pictures, drawn in the colour of the text beside them. They say nothing that the text does not. */

const PATHS = {
  in_person: "M12 21s-7-6.1-7-11.2A7 7 0 0 1 19 9.800C19 14.900 12 21 12 21Zm0-8.600a2.600 2.600 0 1 0 0-5.200 2.600 2.600 0 0 0 0 5.200Z",
  video: "M4.500 6.500h9a1.500 1.500 0 0 1 1.500 1.500v8a1.500 1.500 0 0 1-1.500 1.500h-9A1.500 1.500 0 0 1 3 16V8a1.500 1.500 0 0 1 1.500-1.500ZM15 10.500l6-3.500v10l-6-3.500",
  phone: "M6.200 3.500h3l1.500 4.200-2 1.500a12 12 0 0 0 5.900 5.900l1.500-2 4.200 1.500v3a2 2 0 0 1-2.200 2A17.300 17.300 0 0 1 4.200 5.700a2 2 0 0 1 2-2.200Z",
  next: "M9 5l7 7-7 7",
  previous: "M15 5l-7 7 7 7",
  to: "M4 12h15M13 6l6 6-6 6",
  calendar: "M5 5.500h14A1.500 1.500 0 0 1 20.500 7v12a1.500 1.500 0 0 1-1.500 1.500H5A1.500 1.500 0 0 1 3.500 19V7A1.500 1.500 0 0 1 5 5.500ZM3.500 10h17M8 3v4M16 3v4",
  done: "M5 12.500l4.500 4.500L19 7.500",
};
const SVG = "http://www.w3.org/2000/svg";

/** Draw a picture by its name; null where there is none. */
export function icon(name) {
  if (!(name in PATHS)) return null;
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("class", `picture picture-${name}`);
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  picture.append(path);
  return picture;
}
