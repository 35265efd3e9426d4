import { existsSync, mkdirSync } from 'node:fs';
import { Type } from 'typebox';
import { messageOf, TurnError } from '../../domain/errors.ts';
import { type Agent, historyBudget, type PastTurn, type Turn } from '../agent.ts';
import { fitHistory } from '../history/fit-history.ts';
import { saidNothing } from '../http/tool-loop.ts';
import { safeJson } from '../prompt/fence.ts';
import type { ProviderApi } from '../provider-api.ts';
import { runProcess } from './process-group.ts';

export interface CommandProvider {
  /** the provider's id in the config */
  readonly provider: string;
  readonly command: string;
  /** in which `{model}` stands for the model's id */
  readonly args: readonly string[];
  /** all of its environment */
  readonly env: Readonly<Record<string, string>>;
  /** where it runs: in the workspace, which is made if need be, unless given */
  readonly cwd: string | undefined;
  readonly workspace: string;
}

const maxBytes = 10_000_000;

/** An id is one word, and never an option of the command: callers may choose it. */
const plainId = /^[\w][\w.:@/+-]*$/;

/** Runs a command, which reads the prompt from stdin and writes its reply to stdout. It knows nothing of our tools. */
export function createCommandAgent(options: CommandProvider): Agent {
  const { provider, command, args, env, workspace, cwd = workspace } = options;
  return async (turn) => {
    const model = `${provider}/${turn.model}`;
    turn.signal.throwIfAborted();
    if (!plainId.test(turn.model)) {
      throw new TurnError(
        'model',
        `"${model}": the id of a command's model may hold letters, digits and . : @ / + - _`,
      );
    }
    if (cwd === workspace) mkdirSync(workspace, { recursive: true });
    const { output, failure, lastWords } = await runProcess(
      command,
      args.map((arg) => arg.replaceAll('{model}', () => turn.model)),
      { cwd, env, input: stdinOf(turn), maxBytes, onOutput: turn.onText && trimmed(turn.onText), signal: turn.signal },
    ).catch((error) => {
      turn.signal.throwIfAborted();
      throw new TurnError('provider', `agents.providers.${provider}: ${startProblem(error, command, cwd, env.PATH)}`, {
        trouble: 'request',
        gate: provider,
      });
    });
    if (failure === 'wrote too much') {
      throw new TurnError('truncated', `${model}: the command wrote more than ${maxBytes / 1_000_000} MB`);
    }
    if (failure) {
      throw new TurnError('provider', `${model}: the command ${failure}`, { said: lastWords });
    }
    const text = output.trimEnd();
    const warning = text === '' && { warning: `${model}: ${saidNothing}` };
    return { text, reply: [], usage: { inputTokens: 0, outputTokens: 0 }, model, ...warning };
  };
}

/** Blanks at the end are no part of the reply, so they wait for what follows them. */
function trimmed(onText: (piece: string) => void): (piece: string) => void {
  let blanks = '';
  return (piece) => {
    const text = piece.trimEnd();
    if (text !== '') {
      onText(blanks + text);
      blanks = '';
    }
    blanks += piece.slice(text.length);
  };
}

/** A command has no session, so earlier turns stand before the prompt, one a line: what they say cannot begin a line of its own. */
function stdinOf({ system, history, historyBudget: budget = historyBudget, prompt }: Turn): string {
  const kept = fitHistory(history, budget).turns;
  const turns = kept.map(({ prompt, outputText }: PastTurn) => safeJson({ prompt, reply: outputText }));
  const earlier = turns.length === 0 ? [] : [['EARLIER TURNS', ...turns, 'END OF EARLIER TURNS'].join('\n')];
  return [...(system === undefined ? [] : [system]), ...earlier, prompt].join('\n\n');
}

function startProblem(error: unknown, command: string, cwd: string, searched: string | undefined): string {
  if (!existsSync(cwd)) return `the folder ${cwd}, in which the command is to run, does not exist: check cwd`;
  const { code } = error as { code?: unknown };
  if (code === 'ENOENT' && /[\\/]/.test(command)) return `there is no command "${command}"`;
  if (code === 'ENOENT')
    return `the command "${command}" was not found in PATH, which is ${searched ? searched : 'empty'}: check command, or PATH`;
  if (code === 'EACCES') return `the command "${command}" may not be executed`;
  return `the command cannot be started (${messageOf(error)})`;
}

const text = { minLength: 1, pattern: '\\S' };
const options = {
  command: Type.String({
    ...text,
    description: 'A program, by name or path: it reads the prompt from stdin and writes its reply.',
  }),
  args: Type.Array(Type.String(), {
    description: 'Its arguments, in which `{model}` stands for the model’s id. No shell.',
  }),
  env: Type.Record(Type.String({ pattern: '^[^=\\0]+$' }), Type.String(), {
    description: 'Its environment, besides PATH, HOME, LANG and TMPDIR.',
  }),
  cwd: Type.String({ ...text, description: 'The folder it runs in; `agents.defaults.workspace` unless given.' }),
};

/** What the environment of a command has of the gateway's own. */
const inherited = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

export const command: ProviderApi<'command', typeof options> = {
  name: 'command',
  options,
  needs: ['command'],
  load: async () => {},
  create(provider, { command = '', args = [], cwd, env: own }, { env, workspace }) {
    const handedDown = inherited.flatMap((name) => (env[name] ? [[name, env[name]]] : []));
    const environment = { ...Object.fromEntries(handedDown), ...own };
    return {
      agent: createCommandAgent({ provider, command, args, env: environment, cwd, workspace }),
      problem: undefined,
    };
  },
};
