// An episode as a moving picture: the cart and its pole, or the way over the grid.

import {MAP} from "./worlds.js";

const [WIDTH, HEIGHT] = [320, 160]; // pixels
const EACH = 20; // milliseconds a step, as long as a step of the pole lasts
const SLOW = 200; // the same on the grid
const COLOURS = {S: "#dfe7ef", ".": "#dfe7ef", H: "#37506b", G: "#e0a030"};

/** States of an episode, one after the other -> a canvas that shows them over and over; null if there is no picture. */
export function drawn(states) {
  const frame = Array.isArray(states[0]) ? pole : states.some((state) => state > 0) ? grid : null;
  if (!frame) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext("2d");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = (i) => frame(context, states[i]);
  if (still) show(states.length - 1);
  else run(canvas, states.length, frame === pole ? EACH : SLOW, show);
  return canvas;
}

/** Shows one frame after the other, as long as the canvas is on the page. */
function run(canvas, count, pace, show) {
  const began = performance.now();
  let shown = false;
  const next = (now) => {
    shown = shown || canvas.isConnected;
    if (shown && !canvas.isConnected) return;
    show(Math.floor(Math.max(0, now - began) / pace) % count);
    requestAnimationFrame(next);
  };
  next(began);
}

function pole(context, [x, , angle]) {
  const [middle, ground] = [WIDTH / 2 + (x / 2.4) * (WIDTH / 2 - 30), HEIGHT - 30];
  context.clearRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = "#37506b";
  context.fillRect(0, ground + 10, WIDTH, 2);
  context.fillRect(middle - 22, ground - 10, 44, 20);
  context.strokeStyle = "#e0a030";
  context.lineWidth = 6;
  context.beginPath();
  context.moveTo(middle, ground - 10);
  context.lineTo(middle + 90 * Math.sin(angle), ground - 10 - 90 * Math.cos(angle));
  context.stroke();
}

function grid(context, state) {
  const side = HEIGHT / 4;
  [...MAP].forEach((field, i) => {
    context.fillStyle = COLOURS[field];
    context.fillRect((i % 4) * side, Math.floor(i / 4) * side, side - 2, side - 2);
  });
  context.fillStyle = "#c03030";
  context.beginPath();
  context.arc((state % 4) * side + side / 2, Math.floor(state / 4) * side + side / 2, side / 4, 0, 7);
  context.fill();
}
