import { pino } from 'pino';
import { loadSettings } from '../settings.ts';
import { printJson, table } from './print.ts';

/** Loads everything that `serve` would and prints the effective mapping table. Throws ConfigError with all problems. */
export async function check(configFile: string, { json }: { json?: boolean }): Promise<number> {
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line).msg) });
  const { table: mappings, config, models, screener, transforms } = await loadSettings(configFile, process.env, log);
  await transforms.close();
  for (const mapping of mappings.mappings) {
    if (mapping.policy.allowUnsafeExternalContent) {
      warnings.push(
        `${mapping.id}: allowUnsafeExternalContent puts what strangers write into the prompt without a fence`,
      );
    }
  }
  const { name: defaultModel, api } = models.agent(models.defaultModel);
  if (api === 'command' && !config.agents.defaults.tools.includes('command')) {
    warnings.push(
      "builtin:agent: the default model runs a command, so a request that names no other ends in error; list 'command' in agents.defaults.tools to let it",
    );
  }
  const screened = mappings.mappings.filter(({ policy }) => policy.screen).map(({ id }) => id);
  if (screened.length > 0 && screener.problem !== undefined && api !== 'echo') {
    const outcome = config.screening.onError === 'block' ? 'ends in error' : 'is not screened';
    warnings.push(
      `${screened.join(', ')}: what they start ${outcome}, since screening cannot work: ${screener.problem}`,
    );
  }
  const rows = mappings.mappings.map(({ id, origin, path, verify, does, when, policy }) => ({
    id,
    origin,
    hook: path ?? '*',
    auth: verify?.scheme ?? 'token',
    does,
    when,
    screen: policy.screen,
  }));
  if (json) {
    printJson({ ok: true, defaultModel, mappings: rows, warnings });
    return 0;
  }
  console.log(
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
  console.log(`\ndefault model: ${defaultModel}`);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  console.log('the config is fine');
  return 0;
}
