// A picture in, a point on the unit sphere out; who it is, of those that were enrolled: see edge/metric_learning.py.

import {batch, read, resize} from "./pictures.js";

export const takes = "picture";

/** A Blob -> {embedding}; with `enrolled`, [{name, embedding}], {name, distance, known}. */
export async function predict(source, run, manifest, {enrolled = []} = {}) {
  const {embedding, threshold} = await point(source, run, manifest);
  return {answer: enrolled.length ? identified(embedding, enrolled, threshold) : {embedding}};
}

/** A Blob -> {embedding: numbers, threshold}. */
export async function point(source, run, manifest) {
  const [square] = resize(await read(source, manifest), manifest.inputs.image.shape[1]);
  const found = await run({image: batch(square)});
  return {embedding: [...found.embedding.data], threshold: found.threshold.data[0]};
}

/** The nearest of the enrolled points, and whether it is within the threshold. */
export function identified(embedding, enrolled, threshold) {
  let [name, distance] = ["", Infinity];
  for (const other of enrolled) {
    const apart = Math.hypot(...embedding.map((value, i) => value - other.embedding[i]));
    if (apart < distance) [name, distance] = [other.name, apart];
  }
  return {name, distance, is_known: distance <= threshold};
}

export function line(answer) {
  if (answer.embedding) return answer.embedding.map((value) => (value < 0 ? "" : "+") + value.toFixed(3)).join(" ");
  const near = `${answer.name}, ${answer.distance.toFixed(2)} apart`;
  return answer.is_known ? near : `nobody known; nearest is ${near}`;
}

/** Pictures to enroll, from files or the camera; nothing leaves the browser. */
export function panel(manifest, current) {
  const place = element("section", {className: "panel", id: "panel"});
  const [name, file] = [element("input", {placeholder: "name"}), element("input", {type: "file", accept: "image/*"})];
  const state = element("p", {textContent: "Nobody is enrolled. Pictures stay in this browser."});
  const [camera, enroll, who] = ["Use the camera", "Enroll this", "Who is it?"].map((textContent) =>
    element("button", {textContent}));
  const video = element("video", {muted: true, playsInline: true, width: 240, hidden: true});
  const enrolled = [];
  enroll.hidden = who.hidden = true;
  const keep = async (source) => {
    const {embedding} = await point(source, current(), manifest);
    enrolled.push({name: name.value.trim() || `number ${enrolled.length + 1}`, embedding});
    state.textContent = `Enrolled: ${enrolled.map((each) => each.name).join(", ")}. Pictures stay in this browser.`;
  };
  const said = (work) => work.catch((error) => (state.textContent = error.message));
  file.onchange = () => file.files[0] && said(keep(file.files[0]));
  camera.onclick = () => said((async () => {
    video.srcObject = await navigator.mediaDevices.getUserMedia({video: true});
    await video.play();
    camera.hidden = true;
    video.hidden = enroll.hidden = who.hidden = false;
  })());
  enroll.onclick = () => said((async () => keep(await seen(video)))());
  who.onclick = () => said((async () => {
    if (!enrolled.length) throw new Error("Enroll somebody first.");
    const {embedding, threshold} = await point(await seen(video), current(), manifest);
    state.textContent = line(identified(embedding, enrolled, threshold));
  })());
  place.append(state, name, file, camera, video, enroll, who);
  return {element: place, show() {}, asked: () => ({enrolled})};
}

/** What the camera shows now, as a Blob. */
function seen(video) {
  const canvas = element("canvas", {width: video.videoWidth, height: video.videoHeight});
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function element(kind, values) {
  return Object.assign(document.createElement(kind), values);
}
