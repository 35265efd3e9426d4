import type { Attack } from './attack.ts';
import { heldBody, heldChunks, oddJson, twilioForms } from './bodies.ts';
import { queryTokens, tokenGuesses, unknownKeys } from './guesses.ts';
import { blankLines, brokenRequests, nothing, pipelines, slowBody, slowHeaders } from './protocol.ts';

const spread = true;
const unread = true;

/** The crowds, with their rates: small enough that what is measured is the gateway and not its generator. */
export const attacks: readonly Attack[] = [
  { name: 'twilio-forms', sockets: 4, connects: 4, everyMs: 1000, pieces: twilioForms },
  { name: 'held-bodies', sockets: 150, connects: 20, everyMs: 50, pieces: heldBody },
  { name: 'held-chunks', sockets: 150, connects: 20, everyMs: 50, pieces: heldChunks, spread },
  { name: 'slow-bodies', sockets: 100, connects: 20, everyMs: 1000, pieces: slowBody, spread },
  { name: 'slow-headers', sockets: 100, connects: 20, everyMs: 1000, pieces: slowHeaders, spread },
  { name: 'blank-lines', sockets: 300, connects: 50, everyMs: 3000, pieces: blankLines, spread },
  { name: 'idle-sockets', sockets: 1000, connects: 100, everyMs: 60_000, pieces: nothing, spread },
  { name: 'one-socket-guesses', sockets: 1, connects: 1, everyMs: 5, pieces: tokenGuesses },
  { name: 'guesses', sockets: 50, connects: 10, everyMs: 250, pieces: tokenGuesses, spread },
  { name: 'query-tokens', sockets: 10, connects: 10, everyMs: 50, pieces: queryTokens },
  { name: 'unknown-keys', sockets: 20, connects: 10, everyMs: 200, pieces: unknownKeys },
  { name: 'odd-json', sockets: 10, connects: 10, everyMs: 500, pieces: oddJson },
  { name: 'pipelines', sockets: 20, connects: 5, everyMs: 1000, pieces: pipelines, unread },
  { name: 'broken-requests', sockets: 20, connects: 50, everyMs: 100, pieces: brokenRequests },
];
