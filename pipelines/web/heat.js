// A table of weights between two rows of words, drawn: as edge/heat.py.

const [CELL, SIZE, PAD] = [22, 13, 6]; // pixels: of a cell, of letters, around words

/** weights: a row of numbers in [0, 1] for each of `rows`; columns: words, upright above -> a canvas. */
export function drawn(weights, columns, rows) {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  pen.font = `${SIZE}px sans-serif`;
  const longest = (words) => Math.max(0, ...words.map((word) => pen.measureText(word).width));
  const [left, top] = [2 * PAD + Math.ceil(longest(rows)), 2 * PAD + Math.ceil(longest(columns))];
  canvas.width = left + CELL * columns.length + PAD;
  canvas.height = top + CELL * rows.length + PAD;
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  weights.forEach((row, i) => row.forEach((weight, j) => {
    pen.fillStyle = `rgba(31, 82, 148, ${Math.min(1, Math.max(0, weight))})`;
    pen.fillRect(left + j * CELL, top + i * CELL, CELL, CELL);
  }));
  pen.font = `${SIZE}px sans-serif`;
  pen.fillStyle = "rgb(20, 20, 20)";
  pen.textBaseline = "middle";
  rows.forEach((word, i) => pen.fillText(word, PAD, top + (i + 0.5) * CELL));
  columns.forEach((word, j) => {
    pen.save();
    pen.translate(left + (j + 0.5) * CELL, top - PAD);
    pen.rotate(-Math.PI / 2);
    pen.fillText(word, 0, 0);
    pen.restore();
  });
  return canvas;
}
