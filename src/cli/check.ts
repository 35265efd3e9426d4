import { pino } from 'pino';
import { problemsOfParts } from '../domain/broken-part.ts';
import { loadSettings } from '../settings.ts';
import type { Cli } from './io.ts';
import { warningsByEvents } from './known-events.ts';
import { complain, printable, printJson, say, table } from './print.ts';

/**
 * Loads everything that `serve` would and prints the effective mapping table. Resolves to 1 where a part
 * does not load. Throws ConfigError where a gateway would not start.
 */
export async function check(cli: Cli, { json }: { json?: boolean }): Promise<number> {
  const settings = await loadSettings(cli.configFile, cli.env, pino({ level: 'silent' }));
  const warnings = await warningsByEvents(settings);
  const { table: mappings, config, models, screener, transforms, loaded } = settings;
  const { hide } = loaded;
  await transforms.close();
  for (const mapping of mappings.mappings) {
    if (mapping.policy.allowUnsafeExternalContent) {
      warnings.push(
        `${mapping.id}: allowUnsafeExternalContent puts what strangers write into the prompt without a fence`,
      );
    }
    if (mapping.policy.tools.includes('bash')) {
      warnings.push(`${mapping.id}: bash lets a run do whatever the user of the gateway can, and read its secrets`);
    }
  }
  const { name, api } = models.agent(models.defaultModel);
  const defaultModel = hide(name);
  if (api === 'command' && !config.agents.defaults.tools.includes('command')) {
    warnings.push(
      "builtin:agent, builtin:workflow: the default model runs a command, so a request that names no other ends in error; list 'command' in agents.defaults.tools to let it",
    );
  }
  const specs = settings.specs.all();
  warnings.push(...specs.warnings);
  const all = [...mappings.mappings, ...specs.mappings];
  const screened = all.filter(({ policy }) => policy.screen).map(({ id }) => id);
  if (screened.length > 0 && screener.problem !== undefined && api !== 'echo') {
    const outcome = config.screening.onError === 'block' ? 'ends in error' : 'is not screened';
    warnings.push(
      `${screened.join(', ')}: what they start ${outcome}, since screening cannot work: ${screener.problem}`,
    );
  }
  const shown = [...settings.warnings, ...settings.hints, ...warnings.map(hide)];
  const rows = all.map(({ id, origin, endpoint, path, verify, does, when, policy }) => ({
    id,
    origin,
    hook: endpoint === 'specs' ? `/hook/${path}` : (path ?? '*'),
    auth: verify?.scheme ?? 'token',
    does: hide(does),
    when: hide(when),
    screen: policy.screen,
  }));
  const workflows = Object.entries(config.workflows).map(([id, { steps }]) => ({ id, steps: steps.length }));
  const problems = [...new Set([...problemsOfParts(settings.broken), ...specs.problems])];
  const code = problems.length === 0 ? 0 : 1;
  if (json) {
    printJson(cli, { ok: code === 0, defaultModel, mappings: rows, workflows, warnings: shown, problems });
    return code;
  }
  say(
    cli,
    table(
      ['HOOK', 'AUTH', 'MAPPING', 'ORIGIN', 'DOES', 'WHEN'],
      rows.map((row) => [
        row.hook,
        row.auth,
        row.id,
        row.origin,
        `${row.does}${row.screen ? ', screened' : ''}`,
        row.when,
      ]),
    ),
  );
  const started = workflows.map(({ id, steps }) => `${printable(id)} (${steps} step${steps === 1 ? '' : 's'})`);
  if (started.length > 0) say(cli, `\nworkflows that a request may start by id: ${started.join(', ')}`);
  say(cli, `\ndefault model: ${defaultModel}`);
  for (const warning of shown) say(cli, `warning: ${warning}`);
  for (const problem of problems) complain(cli, problem);
  const verdict = shown.length === 0 ? 'the config is fine' : 'the config loads; see the warnings above';
  say(cli, code === 0 ? verdict : 'what is named above does not load and is left out; the rest is fine');
  return code;
}
