// A passage and a question in, the words that answer it out. See edge/question_answering.py.

import {encoder} from "./passages.js";
import {letters} from "./words.js";

export const takes = "text";
export const hint = "A passage, and a question about it in the last line";

const [MOST, STRANGE] = [2000, 0.5];

/** Text -> {passage, answers: [{question, answer, start, end, score}]}; and the passage with the answer marked. */
export async function predict(text, run, manifest) {
  const [passage, question] = parted(text);
  const reader = encoder(manifest);
  const found = await answered(question, passage, run, manifest, reader);
  const strange = reader.unknown(passage);
  const answer = {passage, answers: [{question, ...found}], ...(strange > STRANGE ? {unknown: strange} : {})};
  return {answer, pictures: {passage: marked(letters(passage), found)}};
}

export function line(answer) {
  const text = answer.answers[0].answer.trim().split(/\s+/).join(" ") || "no answer";
  const share = answer.unknown && Math.round(100 * answer.unknown);
  return share ? `${text}  (${share}% of the passage is unknown to the model)` : text;
}

/** [passage, question]: the last line is the question. */
export function parted(text) {
  const whole = text.trim();
  const at = whole.lastIndexOf("\n");
  const [passage, question] = [whole.slice(0, Math.max(0, at)).trim(), whole.slice(at + 1).trim()];
  if (!question) throw new Error("there is no question. Write it in the last line, behind the passage");
  if (passage) return [passage, question];
  throw new Error(
    "there is a question, and no passage that holds the answer. Write the passage first, and the question in the last line",
  );
}

async function answered(question, passage, run, manifest, reader) {
  const windows = reader.windows(question, passage);
  if (windows.length > MOST) throw new Error("the passage is longer than 2,000 windows of the model. Split it");
  let best = null;
  for (const {inputs, span, length} of windows) {
    const given = Object.entries(inputs).map(([name, data]) => [name, {data, shape: [1, length]}]);
    const outputs = await run(Object.fromEntries(given));
    const score = outputs.score.data[0];
    if (best && score <= best.score) continue;
    const [start, end] = [span(outputs.start.data[0])[0], span(outputs.end.data[0])[1]];
    best = {answer: letters(passage).slice(start, end).join(""), start, end, score};
  }
  const isNone = manifest.config.no_answer && best.score < 0;
  return isNone ? {answer: "", start: null, end: null, score: best.score} : best;
}

function marked(all, {start, end}) {
  const made = document.createElement("p");
  if (start === null) {
    made.append(all.join(""));
    return made;
  }
  const mark = document.createElement("mark");
  mark.className = "kind0";
  mark.append(all.slice(start, end).join(""));
  made.append(all.slice(0, start).join(""), mark, all.slice(end).join(""));
  return made;
}
