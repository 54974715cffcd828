// Text to byte pairs and back, by the merges that training has learned: as edge/byte_pairs.py.

const WORD = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const APART = /\p{N}|\P{N}+/gu;
const SHOWN = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
const ALPHABET = [];
let moved = 0;
for (let byte = 0; byte < 256; byte++) ALPHABET.push(String.fromCharCode(SHOWN(byte) ? byte : 256 + moved++));
const BYTES = new Map(ALPHABET.map((letter, byte) => [letter, byte]));
const KEPT = 100000; // words whose pieces are remembered

/**
 * pieces: in the alphabet. merges: "a b", the first one first. isApart: whether each number is a word of its own.
 * -> {encode: text -> numbers, -1 for a byte that is no piece, bytes: number -> bytes}
 */
export function bytePairs(pieces, merges, isApart = false) {
  const numbers = new Map(pieces.map((piece, i) => [piece, i]));
  const ranks = new Map(merges.map((merge, i) => [merge, i]));
  const seen = new Map();
  const utf8 = new TextEncoder(); // which reads a lone surrogate as U+FFFD

  function word(text) {
    if (seen.has(text)) return seen.get(text);
    const found = merged(Array.from(utf8.encode(text), (byte) => ALPHABET[byte]), ranks);
    const known = found.map((piece) => numbers.get(piece) ?? -1);
    if (seen.size < KEPT) seen.set(text, known);
    return known;
  }

  return {
    encode: (text) => (isApart ? text.match(APART) ?? [] : [text]).flatMap((run) => run.match(WORD) ?? []).flatMap(word),
    bytes: (number) => Uint8Array.from(pieces[number], (letter) => BYTES.get(letter)),
  };
}

function merged(parts, ranks) {
  for (;;) {
    let best;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ranks.get(`${parts[i]} ${parts[i + 1]}`);
      if (rank !== undefined && !(best?.rank <= rank)) best = {rank, first: parts[i], second: parts[i + 1]};
    }
    if (!best) return parts;
    parts = joined(parts, best);
  }
}

function joined(parts, {first, second}) {
  const found = [];
  for (let i = 0; i < parts.length; i++) {
    const isPair = parts[i] === first && parts[i + 1] === second;
    found.push(isPair ? first + second : parts[i]);
    if (isPair) i++;
  }
  return found;
}
