import fs from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { specToken } from '../ingest/spec-token.ts';
import { repeatedKeys } from '../schema/json5-file.ts';
import { locateProblems } from '../schema/locate.ts';
import { loadSettings, type Settings } from '../settings.ts';
import type { Addresses } from '../store/sqlite/lock.ts';
import { asItsSender, type Message, withToken } from './as-its-sender.ts';
import { request, runningGateway } from './client.ts';
import { CommandError } from './command-error.ts';
import type { Cli } from './io.ts';
import { complain, say } from './print.ts';
import { sampleMessage } from './sample.ts';

interface SendOptions {
  readonly sample?: string | true;
  readonly file?: string;
  readonly json?: string;
}

/**
 * Calls a hook of the running gateway as its sender would, or the spec that `/hook/<id>` names, and prints the answer. Throws
 * CommandError unless that is 2xx.
 */
export async function send(cli: Cli, hook: string, options: SendOptions): Promise<void> {
  const settings = await loadSettings(cli.configFile, cli.env, pino({ level: 'silent' }));
  await settings.transforms.close();
  const { config } = settings;
  const isSpec = hook.startsWith('/hook/');
  if (isSpec && options.sample !== undefined) throw new CommandError('a spec has no sample: give --json or --file');
  const plain = unproven(cli, settings, hook, options);
  const message = isSpec
    ? withToken(plain, specToken(config).token)
    : asItsSender(settings, plain, options.sample !== undefined);
  const gateway = runningGateway(config);
  if (!gateway) throw new CommandError('no gateway runs with this config: start one with "gimli serve"');
  const url = isSpec ? specAddress(gateway, hook) : `${gateway.url}${config.hooks.path}/${message.hook}`;
  const response = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...message.headers, connection: 'close' },
    body: message.body,
  });
  const text = await response.text();
  say(cli, `${response.status} ${response.statusText}${text ? `\n${text}` : ''}`);
  if (!response.ok) throw new CommandError('the hook refused the call');
  if (response.status === 204) say(cli, 'nothing was done; "gimli events list" says why');
}

function specAddress({ specsUrl }: Addresses, path: string): string {
  if (specsUrl === undefined) throw new CommandError('the gateway serves no specs: set hooks.enabled, or specs.port');
  return specsUrl + path;
}

function unproven(cli: Cli, settings: Settings, hook: string, options: SendOptions): Message {
  const { sample, file, json } = options;
  if ([sample, file, json].filter((given) => given !== undefined).length !== 1) {
    throw new CommandError('say what to send: one of --sample, --file and --json');
  }
  if (json !== undefined) return { hook, headers: {}, body: checked(cli, json, '--json') };
  if (file !== undefined) return { hook, headers: {}, body: checked(cli, read(cli, file), file) };
  return sampleMessage(settings, hook, sample === true ? undefined : sample);
}

function read({ cwd }: Cli, file: string): string {
  try {
    return fs.readFileSync(path.resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

function checked(cli: Cli, text: string, source: string): string {
  try {
    JSON.parse(text);
    for (const line of locateProblems(source, text, repeatedKeys(text))) {
      complain(cli, `warning: ${line}; the last counts`);
    }
    return text;
  } catch (error) {
    throw new CommandError(`${source} is not JSON: ${messageOf(error)}`);
  }
}
