import { pino } from 'pino';
import { loadConfig } from '../config/load.ts';
import { createGimli, type Gimli } from '../gimli.ts';
import type { Cli } from './io.ts';
import { limitHeapGrowth } from './memory.ts';

/** Runs the gateway until SIGINT or SIGTERM; a second signal ends it at once. */
export async function serve(cli: Cli, options: { port?: number }): Promise<void> {
  const { configFile, env } = cli;
  const log = pino({ level: loadConfig(configFile, env).config.log.level, base: null });
  const gimli = await createGimli({ configFile, env, log, ...options });
  const growth = limitHeapGrowth();
  const signalled = new Promise<string>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  cli.out(banner(gimli));
  const signal = await signalled;
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  gimli.log.info(
    { signal, seconds: gimli.settings().config.gateway.drainSeconds },
    'stopping: waiting for the runs under way',
  );
  await gimli.stop();
  growth.end();
  gimli.log.info('stopped');
}

/** Where it listens, and a call that works as it stands. The token is read from where it is kept, never printed. */
function banner({ url, specsUrl, settings }: Gimli): string {
  const { config, loaded, models } = settings();
  const lines = ['', `Gimli listens on ${url}`];
  if (specsUrl !== undefined && specsUrl !== url) lines.push(`Specs answer at ${specsUrl}/hook/<id>`);
  if (models.defaultModel.startsWith('echo/')) {
    lines.push(
      'NO MODEL: runs are answered by "echo", which repeats what it was asked. Set ANTHROPIC_API_KEY or OPENAI_API_KEY in .env for a real one.',
    );
  }
  if (config.hooks.enabled) {
    const variable = loaded.hookTokenVariable;
    const token = variable?.file
      ? `$(sed -n 's/^${variable.name}=//p' '${variable.file}')`
      : variable
        ? `$${variable.name}`
        : '<hooks.token>';
    lines.push(
      'Try it:',
      `  curl -sS ${url}${config.hooks.path}/agent -H "Authorization: Bearer ${token}" -H 'Content-Type: application/json' -d '{"message":"Say hello","name":"First hook"}'`,
    );
    lines.push('Then:', '  npx gimli runs list');
  } else {
    lines.push('Hooks are off: set hooks.enabled and hooks.token in the config.');
  }
  return `${lines.join('\n')}\n\n`;
}
