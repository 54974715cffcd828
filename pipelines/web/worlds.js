// The bundled environments that a page plays, as they are in Python: reset(random) and step(action, random).

export const MAP = "S....H.H...HH..G"; // 4 x 4, row by row
const MOVES = [[0, -1], [1, 0], [0, 1], [-1, 0]]; // left, down, right, up: rows, columns
const SLIP = 0.1;
const PAY = [0.2, 0.35, 0.5, 0.65, 0.8];
const [GRAVITY, CART, POLE, HALF, FORCE, TAU] = [9.8, 1.0, 0.1, 0.5, 10.0, 0.02];
const [WIDEST, STEEPEST] = [2.4, (12 * Math.PI) / 180];

/** Numbers in [0, 1) that follow from a seed: a linear congruence of 48 bits, as in drand48. */
export function randomOf(seed) {
  let state = (BigInt(seed) << 16n) | 0x330En;
  return () => {
    state = (state * 0x5DEECE66Dn + 11n) & 0xFFFFFFFFFFFFn;
    return Number(state) / 2 ** 48;
  };
}

/** The state of the pole TAU seconds later, by Euler's method; action 0 pushes left, 1 right. */
export function pushed([x, speed, angle, turning], action) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const push = ((action === 1 ? FORCE : -FORCE) + POLE * HALF * turning ** 2 * sin) / (CART + POLE);
  const bend = HALF * (4 / 3 - (POLE * cos ** 2) / (CART + POLE));
  const twist = (GRAVITY * sin - cos * push) / bend;
  const shift = push - (POLE * HALF * twist * cos) / (CART + POLE);
  return [x + TAU * speed, speed + TAU * shift, angle + TAU * turning, turning + TAU * twist];
}

function cartPole() {
  let state;
  return {
    longest: 500,
    reset: (random) => (state = [0, 0, 0, 0].map(() => random() * 0.1 - 0.05)),
    step: (action) => {
      state = pushed(state, action);
      const ended = Math.abs(state[0]) > WIDEST || Math.abs(state[2]) > STEEPEST;
      return {state, reward: 1, ended};
    },
  };
}

function grid() {
  let state;
  const inside = (place) => Math.min(3, Math.max(0, place));
  return {
    longest: 60,
    reset: () => (state = 0),
    step: (action, random) => {
      const chance = random();
      const turn = chance < SLIP ? -1 : chance < 2 * SLIP ? 1 : 0;
      const [down, right] = MOVES[(action + turn + 4) % 4];
      state = 4 * inside(Math.floor(state / 4) + down) + inside((state % 4) + right);
      return {state, reward: Number(MAP[state] === "G"), ended: "HG".includes(MAP[state])};
    },
  };
}

function bandit() {
  return {
    longest: 100,
    reset: () => 0,
    step: (action, random) => ({state: 0, reward: Number(random() < PAY[action]), ended: false}),
  };
}

export const WORLDS = {
  "grid": grid,
  "bandit": bandit,
  "cart_pole": cartPole,
  "gym:CartPole-v0": cartPole,
  "gym:CartPole-v1": cartPole,
};

/** One episode: choose(state) -> a number of an action. Gives {return, steps, states}. */
export async function play(world, seed, choose) {
  const random = randomOf(seed);
  let [state, total, steps, ended] = [world.reset(random), 0, 0, false];
  const states = [state];
  while (!ended && steps < world.longest) {
    const met = world.step(await choose(state), random);
    [state, ended] = [met.state, met.ended];
    total += met.reward;
    steps += 1;
    states.push(state);
  }
  return {return: total, steps, states};
}
