// A picture in, the faces in it out.

export {predict, takes} from "./detection.js";

export function line({objects}) {
  if (!objects.length) return "no face";
  return `${objects.length} face${objects.length > 1 ? "s" : ""} (best ${objects[0].score.toFixed(2)})`;
}
