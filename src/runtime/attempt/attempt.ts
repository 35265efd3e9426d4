import type { TurnError } from '../../domain/errors.ts';
import type { Job } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import type { ToolCall } from '../../domain/tool-call.ts';
import type { Entry } from '../jobs/enter.ts';
import type { Runtime } from '../runtime.ts';
import type { LiveRun } from '../watching/live-runs.ts';
import type { Account } from './account.ts';
import type { Reported } from './reporting-tools.ts';
import type { TimeLimit } from './time-limit.ts';

/** An attempt at a run that is under way. */
export interface Attempt {
  readonly runtime: Runtime;
  /** as they were when it began, whatever is reloaded meanwhile */
  readonly settings: ReturnType<Runtime['current']>;
  readonly job: Job;
  readonly run: Run;
  /** how it was let in */
  readonly entry: Entry;
  /** which attempt it is, for the log */
  readonly logFields: object;
  readonly limit: TimeLimit;
  readonly live: LiveRun;
  readonly trace: Trace;
}

/** What an attempt leaves behind, as far as it came: noted on the way, so that one which fails has it as well. */
export interface Trace {
  /** provider/model that the run asks for */
  model: string;
  prompt: string | undefined;
  /** with the tools of the model that was asked last */
  reported: Reported;
  readonly warnings: string[];
  readonly calls: ToolCall[];
  readonly account: Account;
  /** the gates of what has answered */
  readonly well: Set<string>;
  /** what went wrong with those that others stood in for */
  readonly troubles: TurnError[];
}
