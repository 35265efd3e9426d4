import fs from 'node:fs';
import { pino } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { newId } from '../domain/id.ts';
import type { Verifier } from '../ingest/verify/verifier.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { loadPreset } from '../mapping/sources/preset.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { request, runningGateway } from './client.ts';
import { CommandError } from './command-error.ts';

interface SendOptions {
  readonly sample?: string | true;
  readonly file?: string;
  readonly json?: string;
}

/** Calls a hook of the running gateway as its sender would, and prints the answer. Throws CommandError unless that is 2xx. */
export async function send(configFile: string, hook: string, options: SendOptions): Promise<void> {
  const settings = await loadSettings(configFile, process.env, pino({ level: 'silent' }));
  await settings.transforms.close();
  const { config } = settings;
  const { headers, body } = asItsSender(settings, hook, await payload(hook, options, config.hooks.presets));
  const gateway = runningGateway(config);
  if (!gateway) throw new CommandError('no gateway runs with this config: start one with "gimli serve"');
  const response = await request(`${gateway}${config.hooks.path}/${hook}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers, connection: 'close' },
    body,
  });
  const text = await response.text();
  console.log(`${response.status} ${response.statusText}${text ? `\n${text}` : ''}`);
  if (!response.ok) throw new CommandError('the hook refused the call');
  if (response.status === 204) console.log('nothing was done; "gimli events list" says why');
}

interface Message {
  /** names in lower case */
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The message with the proof that the hook asks for: that of the mapping that would take it, or of the first there is. */
function asItsSender({ config, table, verifierOf }: Settings, hook: string, message: Message): Message {
  const { headers, body } = message;
  const payload: unknown = JSON.parse(body);
  const context = { payload, headers, query: {}, path: hook, now: new Date().toISOString() };
  const candidates = table.candidates(hook);
  const mapping = candidates.find(({ match }) => match(context) === null) ?? candidates[0];
  const verifier = mapping && verifierOf(mapping);
  if (verifier) return signed(mapping, verifier, message, payload);
  return { headers: { ...headers, authorization: `Bearer ${config.hooks.token}` }, body };
}

/** A new delivery with this payload, as if it happened now. */
function signed({ id, verify }: Mapping, { restamp, sign }: Verifier, message: Message, payload: unknown): Message {
  if (!sign) {
    throw new CommandError(
      `${id} asks for a proof (${verify?.scheme}) that only the sender can make, so a call of it cannot be made here`,
    );
  }
  const stamp = { id: newId(), now: Date.now() };
  const stamped = restamp(payload, stamp);
  const json = stamped === payload ? message.body : JSON.stringify(stamped);
  const body = verify?.scheme === 'twilio' ? form(stamped) : json;
  return { headers: { ...message.headers, ...sign(Buffer.from(body), stamp) }, body };
}

/** Twilio sends forms. */
function form(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null)
    throw new CommandError('a form is made of the keys of an object');
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(payload)) fields.set(name, String(value));
  return fields.toString();
}

async function payload(hook: string, options: SendOptions, presets: readonly string[]): Promise<Message> {
  const given = (['sample', 'file', 'json'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) throw new CommandError('say what to send: one of --sample, --file and --json');
  if (options.json !== undefined) return { headers: {}, body: checked(options.json, '--json') };
  if (options.file !== undefined) return { headers: {}, body: checked(read(options.file), options.file) };
  const { samples } = loadPreset(presets.find((name) => name.endsWith(`/${hook}.json5`)) ?? hook);
  const name = typeof options.sample === 'string' ? options.sample : (Object.keys(samples)[0] ?? '');
  const sample = samples[name];
  if (!sample) throw new CommandError(`${hook} has no sample "${name}"; it has ${Object.keys(samples).join(', ')}`);
  const headers = Object.entries(sample.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]);
  return { headers: Object.fromEntries(headers), body: JSON.stringify(sample.body) };
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

function checked(text: string, source: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new CommandError(`${source} is not JSON: ${messageOf(error)}`);
  }
}
