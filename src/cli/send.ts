import fs from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { messageOf } from '../domain/errors.ts';
import { loadPreset } from '../mapping/sources/preset.ts';
import { request, runningGateway } from './client.ts';
import { CommandError } from './command-error.ts';

interface SendOptions {
  readonly sample?: string | true;
  readonly file?: string;
  readonly json?: string;
}

/** Calls a hook of the running gateway as its sender would, and prints the answer. Throws CommandError unless that is 2xx. */
export async function send(configFile: string, hook: string, options: SendOptions): Promise<void> {
  const { config } = loadConfig(configFile);
  const { headers, body } = await payload(hook, options, config.hooks.presets);
  const gateway = runningGateway(config);
  if (!gateway) throw new CommandError('no gateway runs with this config: start one with "gimli serve"');
  const response = await request(`${gateway}${config.hooks.path}/${hook}`, {
    method: 'POST',
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      Authorization: `Bearer ${config.hooks.token}`,
      Connection: 'close',
    },
    body,
  });
  const text = await response.text();
  console.log(`${response.status} ${response.statusText}${text ? `\n${text}` : ''}`);
  if (!response.ok) throw new CommandError('the hook refused the call');
  if (response.status === 204) console.log('nothing was done; "gimli events list" says why');
}

async function payload(
  hook: string,
  options: SendOptions,
  presets: readonly string[],
): Promise<{ headers: Record<string, string>; body: string }> {
  const given = (['sample', 'file', 'json'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) throw new CommandError('say what to send: one of --sample, --file and --json');
  if (options.json !== undefined) return { headers: {}, body: checked(options.json, '--json') };
  if (options.file !== undefined) return { headers: {}, body: checked(read(options.file), options.file) };
  const { samples } = loadPreset(presets.find((name) => name.endsWith(`/${hook}.json5`)) ?? hook);
  const name = typeof options.sample === 'string' ? options.sample : (Object.keys(samples)[0] ?? '');
  const sample = samples[name];
  if (!sample) throw new CommandError(`${hook} has no sample "${name}"; it has ${Object.keys(samples).join(', ')}`);
  return { headers: sample.headers ?? {}, body: JSON.stringify(sample.body) };
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
