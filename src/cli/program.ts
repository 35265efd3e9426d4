import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { findConfig } from '../config/find-config.ts';
import { ConfigError, StoreError } from '../domain/errors.ts';
import { outcomes } from '../domain/event.ts';
import { inWords } from '../domain/text/in-words.ts';
import { CommandError } from './command-error.ts';
import type { Cli, Io } from './io.ts';
import { complain, say } from './print.ts';

/**
 * Runs one command. Resolves to the exit code: 0 done, 1 failed, 2 the config or the store cannot be used.
 * @param args what stands after the name of the program
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const program = new Command('gimli')
    .description('The webhook gateway for AI agents')
    .option('-c, --config <file>', 'the config file; else GIMLI_CONFIG, ./gimli.json5, ~/.gimli/gimli.json5')
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride();
  const cli = (): Cli => ({
    ...io,
    configFile: findConfig(program.opts<{ config?: string }>().config, io.env, io.cwd),
  });
  let code = 0;

  // A command loads what it needs when it is called: the whole would take each of them half a second.
  program
    .command('init')
    .description('write gimli.json5 and .env with random secrets; never overwrites')
    .action(async () => {
      const { init } = await import('./init.ts');
      const { written, kept } = init(io.cwd);
      for (const file of written) say(io, `wrote ${file}`);
      for (const file of kept) say(io, `kept  ${file}`);
    });

  program
    .command('serve')
    .description('run the gateway')
    .option('-p, --port <port>', 'instead of gateway.port', number(0, 65535))
    .action(async (options) => (await import('./serve.ts')).serve(cli(), options));

  program
    .command('check')
    .description('check config, presets, transforms and specs, and print the mapping table')
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { check } = await import('./check.ts');
      code = await check(cli(), options);
    });

  program
    .command('send <hook>')
    .description('call a hook of the running gateway, or a spec as /hook/<id>')
    .option('--sample [name]', 'a sample payload of the preset <hook>; the first unless named')
    .option('--file <file>', 'a JSON file as the payload')
    .option('--json <text>', 'a JSON text as the payload')
    .action(async (hook, options) => (await import('./send.ts')).send(cli(), hook, options));

  const runs = program.command('runs').description('what was done');
  runs
    .command('list', { isDefault: true })
    .option('--status <status>', 'pending, running, completed or error; several with commas between')
    .option('--name <part>', 'part of the name')
    .option('--code <code>', 'the code with which they ended in error')
    .option('--since <time>', sinceOption)
    .option('--hook <name>', 'those of one hook')
    .option('--kind <kind>', 'hook or heartbeat')
    .option('--limit <n>', 'how many', number(1, 100), 20)
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./runs.ts')).listRuns(cli(), options));
  runs
    .command('show <runId>')
    .option('--json', 'as JSON')
    .action(async (id, options) => (await import('./runs.ts')).showRun(cli(), id, options));
  runs
    .command('watch <runId>')
    .description('follow a run to its end; fails where that is an error')
    .option('--json', 'events as JSON, one a line')
    .action(async (id, options) => {
      const { watchRun } = await import('./watch.ts');
      code = await watchRun(cli(), id, options);
    });
  runs
    .command('retry [runId]')
    .description('try a failed run again, or all that match the filters')
    .option('--unscreened', 'although screening stopped it: you have looked at its event, and it may run; with a runId')
    .option('--failed', 'all in error: short for --status error')
    .option('--status <status>', 'error')
    .option('--code <code>', 'the code with which they ended')
    .option('--name <part>', 'part of the name')
    .option('--since <time>', sinceOption)
    .option('--hook <name>', 'those of one hook')
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await import('./bulk.ts')).retryRuns(cli(), id, options));
  runs
    .command('cancel [runId]')
    .description('end a run that waits or is under way, or all that match the filters')
    .option('--status <status>', 'pending or running; both unless given')
    .option('--code <code>', 'the code of what they wait to try again after')
    .option('--name <part>', 'part of the name')
    .option('--since <time>', sinceOption)
    .option('--hook <name>', 'those of one hook')
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await import('./bulk.ts')).cancelRuns(cli(), id, options));

  const workflows = program.command('workflows').description('runs in order: what was started by one call');
  workflows
    .command('list', { isDefault: true })
    .option('--status <status>', 'pending, running, completed or error')
    .option('--workflow <id>', 'those of one workflow')
    .option('--limit <n>', 'how many', number(1, 100), 20)
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./workflows.ts')).listWorkflows(cli(), options));
  workflows
    .command('show <workflowRunId>')
    .option('--json', 'as JSON')
    .action(async (id, options) => (await import('./workflows.ts')).showWorkflow(cli(), id, options));
  workflows
    .command('retry <workflowRunId>')
    .description('go on at the first step that failed')
    .option('--unscreened', 'although screening stopped it: you have looked at its event, and it may run')
    .action(async (id, options) => (await import('./workflows.ts')).retryWorkflow(cli(), id, options));
  workflows
    .command('cancel <workflowRunId>')
    .description('end it at the step at which it is')
    .action(async (id) => (await import('./workflows.ts')).cancelWorkflow(cli(), id));

  const sessions = program.command('sessions').description('conversations that runs go on with');
  sessions
    .command('list', { isDefault: true })
    .option('--limit <n>', 'how many', number(1, 100), 20)
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./sessions.ts')).listSessions(cli(), options));
  sessions
    .command('show <key>')
    .description('what was asked and answered since it was last cleared')
    .option('--limit <n>', 'how many of the newest turns', number(1, 100), 20)
    .option('--json', 'as JSON')
    .action(async (key, options) => (await import('./sessions.ts')).showSession(cli(), key, options));
  sessions
    .command('clear <key>')
    .description('have its next run start anew; what was done stays in the list of runs')
    .action(async (key) => (await import('./sessions.ts')).clearSession(cli(), key));

  const events = program.command('events').description('what was received');
  events
    .command('list', { isDefault: true })
    .option('--hook <name>')
    .option('--outcome <outcome>', inWords(outcomes, 'or'))
    .option('--limit <n>', 'how many', number(1, 100), 20)
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./events.ts')).listEvents(cli(), options));
  events
    .command('refused')
    .description('calls that were refused since the gateway started, with the reason')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./events.ts')).listRefused(cli(), options));
  events
    .command('show <eventId>')
    .option('--json', 'as JSON')
    .action(async (id, options) => (await import('./events.ts')).showEvent(cli(), id, options));
  events
    .command('replay <eventId>')
    .description("send a recorded event through today's mappings again")
    .action(async (id) => (await import('./events.ts')).replayEvent(cli(), id));

  program
    .command('alarms')
    .description('what needs you, and what did')
    .option('--limit <n>', 'how many', number(1, 100), 20)
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./alarms.ts')).listAlarms(cli(), options));

  program
    .command('heartbeat')
    .description('when main looks next and why, or why it does not')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./heartbeat.ts')).showHeartbeat(cli(), options));

  program
    .command('pause')
    .description('begin no run and no heartbeat until `gimli resume`; events are accepted all the same')
    .option('--hook <name>', 'only the runs of this hook')
    .action(async ({ hook }) => (await import('./pause.ts')).pause(cli(), hook));

  program
    .command('resume')
    .description('go on after `gimli pause`')
    .option('--hook <name>', 'the hook that was paused')
    .action(async ({ hook }) => (await import('./pause.ts')).resume(cli(), hook));

  program
    .command('costs')
    .description('what was spent, by day and mapping')
    .option('--days <n>', 'how many days, today included', number(1, 366), 30)
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./costs.ts')).showCosts(cli(), options));

  program
    .command('store')
    .description('how large the store is, what is in it, and how long that is kept')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./store.ts')).showStore(cli(), options));

  program
    .command('prune')
    .description('remove what is over: what is older than a time, or all that came of a hook, a session or a run')
    .option('--before <time>', 'a time ago such as 7d, or an ISO time such as 2026-02-03T10:00Z')
    .option('--hook <name>', 'all that came to a hook, and what main was told of it')
    .option('--session <key>', 'a session, with the events that led to its runs')
    .option('--run <id>', 'a run or a workflow, with its events')
    .option('--dry-run', 'only count')
    .option('--yes', 'do not ask')
    .action(async (options) => (await import('./store.ts')).prune(cli(), options));

  program
    .command('backup <file>')
    .description('copy the store into one file, also while the gateway runs')
    .option('--force', 'although the file is there')
    .action(async (file, options) => (await import('./copies.ts')).backup(cli(), file, options));

  program
    .command('restore <file>')
    .description('put a copy into the place of the store; what stood there is set aside')
    .action(async (file) => (await import('./copies.ts')).restoreFrom(cli(), file));

  program
    .command('doctor')
    .description('is all well? config, store, gateway, models, channels, disk and more; no model is asked')
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { doctor } = await import('./doctor.ts');
      code = await doctor(cli(), options);
    });

  program
    .command('screening')
    .description('how good the screening model is')
    .command('eval <file>')
    .description('have it judge texts you know: lines of {"text": "…", "label": "attack"} or "benign"')
    .option('--json', 'as JSON')
    .action(async (file, options) => (await import('./screening.ts')).evaluateScreening(cli(), file, options));

  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof CommandError || error instanceof StoreError || error instanceof ConfigError) {
      complain(io, error.message);
      return error instanceof CommandError ? 1 : 2;
    }
    throw error;
  }
}

const sinceOption = 'made since then: 2h or 1d ago, or an ISO time such as 2026-02-03T10:00Z';

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`give a whole number from ${min} to ${max}`);
    return value;
  };
}
