// What someone liked in, what to try next out; see edge/recommendation.py.

export const takes = "text";
const TOP = 10, SHOWN = 5; // items of an answer, and in a line
const REASONS = 2, ASKED = 20; // reasons of each item; items of a history that are tried as reasons
const NEAR = 0.6, NAMED = 3; // share of letters in common of a name that is meant; how many are named
const FORM = 'Give titles or ids, such as "A; B; C", or JSON such as {"liked": ["A", "B"], "top": 5}';

/** Names with ; or a line each, or with commas, or JSON -> {liked, recommended: [{item, title, score, because}], unknown}. */
export async function predict(text, run, manifest) {
  const known = manifest.learned;
  const places = placesOf(known);
  const {names, top} = asked(text.trim(), places, known);
  const {liked, unknown} = ids(names, places, known);
  const count = known.items.length;
  const scored = async (chosen) => {
    const data = new Float32Array(count);
    for (const i of chosen) data[i] = 1;
    const answer = await run({history: {data, shape: [1, count]}});
    return [...answer.items.data].map((item, i) => [Number(item), answer.scores.data[i]]);
  };
  const lowest = manifest.config.lowest / 2;
  const given = await scored(liked);
  const most = given.length; // items that the file gives
  if (top > TOP && most < Math.min(top, count)) {
    throw new Error(
      `wants ${top} items, and this model gives ${most} at most. Ask for ${most}, or train it with --set top=${top}`,
    );
  }
  const best = given.filter(([, score]) => score > lowest).slice(0, top);
  const reasons = await reasonsOf(liked, best, scored);
  const recommended = best.map(([i, score]) => ({
    item: known.items[i], title: known.titles[i], score, because: reasons.get(i).map((j) => known.titles[j]),
  }));
  return {answer: {liked: liked.map((i) => known.titles[i]), recommended, unknown}};
}

export function plain(name) {
  return name.toLowerCase().trim().split(/\s+/).join(" ");
}

export function placesOf(known) {
  const found = new Map();
  for (const names of [known.items, known.titles]) {
    names.forEach((name, i) => found.has(plain(name)) || found.set(plain(name), i));
  }
  return found;
}

function asked(text, places, known) {
  if (!/^[{[]/.test(text) || places.has(plain(text))) return {names: named(text, places), top: TOP};
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    const names = named(text, places);
    if (places.has(plain(names[0]))) return {names, top: TOP}; // its title begins with a bracket
    throw new Error(`is no JSON. ${FORM}`);
  }
  return ofJson(given, places, known);
}

/** One name, or several with line breaks, semicolons or commas between them. */
function named(text, places) {
  if (places.has(plain(text))) return [text];
  const mark = ["\n", ";"].find((each) => text.includes(each));
  return mark ? parts(text.split(mark)) : byCommas(text.split(","), places);
}

function ofJson(given, places, known) {
  const {user, liked = [], top = TOP} = Array.isArray(given) ? {liked: given} : given;
  const told = user !== undefined && !liked.length ? historyOf(user, known) : liked;
  const names = typeof told === "string" ? named(told, places) : told;
  if (!Array.isArray(names) || !(Number.isInteger(top) && top > 0)) {
    throw new Error(`must have a list of what is liked, and top of 1 or more. ${FORM}`);
  }
  return {names: parts(names.map(String)), top};
}

/** The items of the history of a user whom training had; see edge/kept_users.py. */
function historyOf(user, known) {
  const users = known.kept_users ?? [];
  if (!users.length) {
    throw new Error("keeps no histories of users. Give what is liked, or train it with --set keep_users=yes");
  }
  const name = String(user).trim().split(/\s+/).join(" ");
  const i = users.indexOf(name);
  if (i < 0) {
    throw new Error(
      `knows no user '${name}': it keeps the histories of the ${users.length.toLocaleString("en")} of its training. ` +
        'Of others give what they liked, such as {"liked": ["A", "B"]}',
    );
  }
  return known.kept_histories[i].split(" ").filter(Boolean).map((place) => known.items[Number(place)]);
}

function parts(names) {
  return names.map((name) => name.trim()).filter(Boolean);
}

function byCommas(pieces, places) {
  const found = [];
  for (let start = 0; start < pieces.length; ) {
    let end = pieces.length;
    while (end > start + 1 && !places.has(plain(pieces.slice(start, end).join(",")))) end--;
    found.push(pieces.slice(start, end).join(","));
    start = end;
  }
  return parts(found);
}

export function ids(names, places, known) {
  if (!names.length) throw new Error(`names nothing that is liked. ${FORM}`);
  const unknown = names.filter((name) => !places.has(plain(name)));
  if (unknown.length === names.length) {
    const near = nearest(plain(unknown[0]), places).map((i) => known.titles[i]);
    const some = (near.length ? near : known.titles.slice(0, 3)).join("; ");
    throw new Error(`names no item of this model: '${unknown[0]}'. It knows ${some} and others`);
  }
  const liked = names.filter((name) => places.has(plain(name))).map((name) => places.get(plain(name)));
  return {liked: [...new Set(liked)], unknown};
}

/** The places of the names that are most like one. */
function nearest(name, places) {
  const found = [];
  for (const [other, i] of places) {
    const share = alike(name, other);
    if (share >= NEAR) found.push([share, i]);
  }
  found.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  return [...new Set(found.map(([, i]) => i))].slice(0, NAMED);
}

/** Twice the letters that two texts have in the same order, of all letters. */
function alike(a, b) {
  const all = a.length + b.length;
  if (2 * Math.min(a.length, b.length) < NEAR * all) return 0;
  let row = new Uint32Array(b.length + 1);
  for (const letter of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++) {
      next[j] = b[j - 1] === letter ? row[j - 1] + 1 : Math.max(row[j], next[j - 1]);
    }
    row = next;
  }
  return 2 * row[b.length] / all;
}

async function reasonsOf(liked, best, scored) {
  if (liked.length === 1) return new Map(best.map(([i]) => [i, liked]));
  const drops = new Map(best.map(([i]) => [i, []]));
  for (const j of liked.slice(0, ASKED)) {
    const without = new Map(await scored(liked.filter((i) => i !== j)));
    const last = Math.min(...without.values());
    for (const [i, score] of best) drops.get(i).push([score - (without.get(i) ?? last), j]);
  }
  for (const [i, own] of drops) {
    const ordered = own.filter(([drop]) => drop > 0).sort((a, b) => b[0] - a[0] || b[1] - a[1]);
    drops.set(i, ordered.slice(0, REASONS).map(([, j]) => j));
  }
  return drops;
}

export function line({recommended, unknown}) {
  const found = recommended.slice(0, SHOWN).map(({title, score, because}) => {
    const reason = because.length ? ` because of ${because.join(" and ")}` : "";
    return `${title} ${score.toFixed(2)}${reason}`;
  });
  const more = unknown.length ? ` Unknown: ${unknown.join(", ")}.` : "";
  return found.join("; ") + more;
}
