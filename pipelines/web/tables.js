// Rows of a table to numbers as a model takes them; see edge/tables.py.

const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "?", "-"]);
const SHOWN = 5; // rows in a line
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Text, a table with a line of names or JSON -> the numbers of each row, Float32Array. */
export function features(text, manifest) {
  const columns = manifest.learned.columns.map((column) => JSON.parse(column));
  return rows(text).map((row, i) => {
    const found = columns.flatMap((column) => encoded(column, row, i + 1));
    return Float32Array.from(found);
  });
}

/** The answers of rows in a line: the first ones, and how many more there are. */
export function listed(shown) {
  const more = shown.length - SHOWN;
  return shown.slice(0, SHOWN).join(", ") + (more > 0 ? ` and ${more} more rows` : "");
}

function encoded(column, row, place) {
  if (!(column.name in row)) throw new Error(`row ${place} has no column '${column.name}'`);
  const cell = row[column.name];
  return column.kind === "number" ? numbers(column, cell, place) : category(column, cell);
}

function numbers(column, cell, place) {
  const given = number(cell);
  const isMissing = Number.isNaN(given);
  if (isMissing && !isAbsent(cell)) {
    throw new Error(`row ${place} column '${column.name}' must be a number; got '${cell}'`);
  }
  const found = ((isMissing ? column.missing : given) - column.mean) / column.deviation;
  return column.marks ? [found, Number(isMissing)] : [found];
}

function category(column, cell) {
  const found = new Array(column.values.length + 1).fill(0);
  const place = column.values.indexOf(shown(cell));
  found[place < 0 ? column.values.length : place] = 1;
  return found;
}

function number(cell) {
  if (typeof cell === "boolean") return Number(cell);
  const value = NUMBER.test(String(cell).trim()) ? Number(cell) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

function isAbsent(cell) {
  return cell === null || cell === undefined || MISSING.has(String(cell).trim().toLowerCase());
}

function shown(cell) {
  if (isAbsent(cell)) return "";
  const word = String(cell).trim();
  if (["true", "false"].includes(word.toLowerCase())) return word[0].toUpperCase() + word.slice(1).toLowerCase();
  const value = number(cell);
  return Number.isNaN(value) ? word : String(Number(value.toPrecision(15)));
}

function rows(text) {
  const content = text.replace(/^\ufeff/, "");
  if (/^\s*[{[]/.test(content)) return ofJson(content);
  const [header, ...cells] = parsed(content);
  if (!cells.length) throw new Error('holds no row. Give a table with a line of names, or JSON such as {"age": 3}');
  const names = header.map((name) => name.trim());
  const twice = names.find((name, i) => name && names.indexOf(name) !== i);
  if (twice) throw new Error(`names the column '${twice}' twice`);
  return cells.map((row, i) => {
    if (row.length !== header.length) {
      throw new Error(`row ${i + 1} has ${row.length} cells, the line of names ${header.length}`);
    }
    return Object.fromEntries(row.map((cell, j) => [names[j], cell.trim()]));
  });
}

function ofJson(content) {
  let found;
  try {
    found = [JSON.parse(content)].flat();
  } catch {
    throw new Error('is no JSON. Give a row such as {"age": 3}');
  }
  if (!found.length || !found.every((row) => row && typeof row === "object" && !Array.isArray(row))) {
    throw new Error('must be a row such as {"age": 3}, or a list of rows');
  }
  return found;
}

/** The cells of each line that is not blank; a quoted cell may hold delimiters, lines and doubled quotes. */
function parsed(content) {
  const first = content.split("\n", 1)[0];
  const count = (mark) => first.split(mark).length;
  const delimiter = [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
  const found = [[""]];
  let isQuoted = false;
  for (let i = 0; i < content.length; i++) {
    const letter = content[i];
    const row = found.at(-1);
    if (letter === '"' && isQuoted && content[i + 1] === '"') row[row.length - 1] += content[i++];
    else if (letter === '"' && (isQuoted || !row.at(-1).trim())) isQuoted = !isQuoted;
    else if (letter === delimiter && !isQuoted) row.push("");
    else if (letter === "\n" && !isQuoted) found.push([""]);
    else if (letter !== "\r" || isQuoted) row[row.length - 1] += letter;
  }
  return found.filter((row) => row.some((cell) => cell.trim()));
}
