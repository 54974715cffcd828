// Tags of tokens -> the spans they mark.

const SAME = {L: "E", U: "S"};

/** Tags of one sentence, in BIO, BIOES or plain -> [[start, end, type]], end exclusive. */
export function spans(tags, isPlain) {
  if (isPlain) return tags.flatMap((tag, i) => (tag === "O" ? [] : [[i, i + 1, tag]]));
  const found = [];
  let [start, inside, before] = [null, null, "O"];
  for (const [i, tag] of [...tags, "O"].entries()) {
    const [own, ...rest] = tag.split("-");
    const [prefix, kind] = [SAME[own] || own, rest.join("-") || "_"];
    if (start !== null && ("ES".includes(before) || "BSO".includes(prefix) || kind !== inside)) {
      found.push([start, i, inside]);
      start = null;
    }
    if (prefix !== "O" && start === null) [start, inside] = [i, kind];
    before = prefix;
  }
  return found;
}
