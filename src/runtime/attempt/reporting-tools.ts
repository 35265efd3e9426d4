import { Type } from 'typebox';
import type { Tool } from '../../agent/tools/tool.ts';
import type { Policy, ToolName } from '../../domain/mapping.ts';

/** What a run has said with its tools, oldest first. A model wrote it that may have read a stranger's words: it is data. */
export interface Reported {
  /** for the owner */
  readonly pings: readonly string[];
  /** for main */
  readonly reports: readonly string[];
}

type ReportingTool = Exclude<ToolName, 'command'>;

/** More than a run needs, and less than a run that lost its way could say. */
const limits: Record<ReportingTool, number> = { ping_user: 5, report: 20 };
const maxCharacters = 4000;

const inputSchema = Type.Object(
  {
    text: Type.String({
      minLength: 1,
      maxLength: maxCharacters,
      pattern: '\\S',
      description: 'What to say, in plain text.',
    }),
  },
  { additionalProperties: false },
);

/**
 * The tools that a run's policy gives it, and what it has said with them so far. Nothing is sent or stored here: an attempt
 * that is repeated must not have said anything twice.
 */
export function reportingTools({ tools, updateMainSession }: Policy): {
  tools: readonly Tool[];
  reported: Reported;
} {
  const pings: string[] = [];
  const reports: string[] = [];
  const mayReport = updateMainSession === 'freely' || (tools.includes('report') && updateMainSession !== 'blocked');
  const offered = [...(tools.includes('ping_user') ? [pingUser(pings)] : []), ...(mayReport ? [report(reports)] : [])];
  return { tools: offered, reported: { pings, reports } };
}

const pingUser = (pings: string[]): Tool => ({
  name: 'ping_user',
  description:
    'Sends your owner a message of its own, besides your answer. For what your owner has to know or do soon; without such ' +
    'a reason do not call it.',
  inputSchema,
  run: keep('ping_user', pings, 'The message will be sent when you have finished.'),
});

const report = (reports: string[]): Tool => ({
  name: 'report',
  description:
    'Leaves a line in the inbox of the main session, the assistant that works with your owner. For what it has to know ' +
    'later on.',
  inputSchema,
  run: keep('report', reports, 'The main session will read it when you have finished.'),
});

function keep(name: ReportingTool, kept: string[], done: string): Tool['run'] {
  return async (input) => {
    const limit = limits[name];
    if (kept.length >= limit)
      throw new Error(`${name} was called ${limit} times, which is the limit; go on without it`);
    kept.push((input as { text: string }).text);
    return done;
  };
}
