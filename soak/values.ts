// Pairs of events that differ, and bytes in every charset, for minutes, each round with another seed: what an owner's rule makes of
// two events differs where they do, and a text is right or said to be wrong.
import fc from 'fast-check';
import { hookPrompt } from '../src/agent/prompt/prompt.ts';
import { type Context, resolveIn } from '../src/domain/event.ts';
import { usualPolicy } from '../src/domain/mapping.ts';
import { readPayload } from '../src/domain/payload/read-payload.ts';
import { keyOf, renderSessionKey } from '../src/mapping/keys.ts';
import { compileTemplate } from '../src/mapping/template/template.ts';
import type { Soak } from './soak.ts';

const roundRuns = 2000;

const near = fc.string({
  unit: fc.constantFrom('a', '-', ':', ' ', '~', '"', '\\', '\u200b', '\u0301', '\ud800', '\ufffd', '0'),
});
const text = fc.oneof(near, fc.string({ unit: 'binary' })).filter((one) => one.trim() !== '');
const json = fc.oneof(
  text.map((one) => JSON.stringify(one)),
  fc.bigInt({ min: 10n ** 16n, max: 10n ** 20n }).map(String),
);
const body = fc.tuple(json, json).map(([a, b]) => `{"a":${a},"b":${b}}`);
const pair = fc.tuple(body, body).filter(([one, other]) => one !== other);

const template = compileTemplate('k-{{a}}-{{b}}');
const time = { now: Date.UTC(2026, 10, 28), timezone: 'UTC' };

/** What a rule makes of an event: the keys by which it is told apart, and the prompt without what is random in it. */
export function made(sent: string | Buffer): Record<'dedupeKey' | 'sessionKey' | 'prompt', string | undefined> {
  const { payload } = readPayload(Buffer.from(sent), {});
  const context: Context = { payload, headers: {}, query: {}, path: 'pairs', now: '' };
  const message = template(context);
  const resolve = resolveIn(context);
  const action = { message };
  const prompt = hookPrompt({ hook: 'pairs', policy: usualPolicy, action, resolve, time, limit: 1_000_000 }).text;
  const dedupeKey = keyOf(message, context);
  return { dedupeKey, sessionKey: renderSessionKey(message, context), prompt: prompt.replace(/"[0-9a-f]{32}"/g, '') };
}

/** Throws where two events that differ have something in common that is made of all their values. */
export function tellApart([one, other]: readonly [string, string]): void {
  const [first, second] = [made(one), made(other)];
  for (const what of ['dedupeKey', 'sessionKey', 'prompt'] as const) {
    if (first[what] === second[what]) throw new Error(`one ${what} for ${one} and ${other}: ${first[what]}`);
  }
}

const charsets = ['utf-8', 'iso-8859-1', 'iso-8859-2', 'windows-1251', 'koi8-r', 'shift_jis', 'gbk', 'big5'];
const bytes = fc.tuple(fc.constantFrom(...charsets), fc.uint8Array({ maxLength: 40 }));

/** Throws where bytes that are no text in their charset are taken for one without a word. */
export function readOrSay([charset, sent]: readonly [string, Uint8Array]): void {
  const type = { 'content-type': `application/x-www-form-urlencoded; charset=${charset}` };
  const escaped = [...sent].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const { payload, notes } = readPayload(Buffer.from(`a=${escaped}`), type);
  const { a } = payload as { a: string };
  const right = new TextDecoder(charset, { ignoreBOM: true }).decode(sent);
  if (a !== right) throw new Error(`${charset} ${escaped} became ${JSON.stringify(a)}`);
  if (notes.length === 0 && isWrong(charset, sent)) throw new Error(`nothing was said of ${charset} ${escaped}`);
}

function isWrong(charset: string, sent: Uint8Array): boolean {
  try {
    new TextDecoder(charset, { fatal: true }).decode(sent);
    return false;
  } catch {
    return true;
  }
}

export const run: Soak = async ({ minutes, note }) => {
  const end = Date.now() + minutes * 60_000;
  let rounds = 0;
  for (; rounds === 0 || Date.now() < end; rounds += 1) {
    const parameters = { seed: Date.now() | 0, numRuns: roundRuns };
    fc.assert(fc.property(pair, tellApart), parameters);
    fc.assert(fc.property(bytes, readOrSay), parameters);
    if (rounds % 50 === 0) note(`${(rounds + 1) * roundRuns} pairs and as many texts, none confused`);
    // What else the process has to do, such as ending.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const pairs = rounds * roundRuns;
  return [{ row: 'values', measured: `${pairs} pairs and texts, none confused`, met: true, figures: { pairs } }];
};
