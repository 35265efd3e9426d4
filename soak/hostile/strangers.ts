// A thread of its own: makes the attacks that it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { startAttack, type Target, type Traffic } from './attack.ts';
import { attacks } from './attacks.ts';

export interface StrangersWork {
  readonly target: Target;
  /** names of attacks */
  readonly names: readonly string[];
}

export type StrangersFigures = Record<string, Traffic>;

const { target, names } = workerData as StrangersWork;
const figures: StrangersFigures = {};
const stops = attacks
  .filter(({ name }) => names.includes(name))
  .map((attack) => {
    const traffic: Traffic = { connections: 0, refused: 0, pieces: 0, bytes: 0, answers: {} };
    figures[attack.name] = traffic;
    return startAttack(attack, target, traffic);
  });

parentPort?.once('message', () => {
  for (const stop of stops) stop();
  parentPort?.postMessage(figures);
});
