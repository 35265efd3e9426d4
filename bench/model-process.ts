// A model that answers after so many ms, in a process of its own.
import { createModelServer } from './model-server.ts';

const [, , delayMs, port] = process.argv;
createModelServer({ delayMs: Number(delayMs) }).listen(Number(port), '127.0.0.1');
