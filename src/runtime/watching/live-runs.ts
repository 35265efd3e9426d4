import type { Outcome } from '../../domain/event.ts';
import type { Run } from '../../domain/run.ts';
import type { ToolCall } from '../../domain/tool-call.ts';

/** What is heard of a run while it is under way, in the order in which it happens. */
export type Notice =
  /** the store has something new to say */
  | { readonly kind: 'changed' }
  /** what was heard before counts no more: another attempt or another model begins to answer */
  | { readonly kind: 'restart'; readonly runId: string }
  /** a piece of an answer */
  | { readonly kind: 'text'; readonly runId: string; readonly text: string }
  | { readonly kind: 'tool'; readonly runId: string; readonly call: LiveCall };

/** What goes on in this process: all notices of runs, that a run has changed, and what became of a request. */
type Happening =
  | Exclude<Notice, { kind: 'changed' }>
  | { readonly kind: 'run'; readonly runId: string; readonly workflowRunId: string | null }
  | { readonly kind: 'event'; readonly hook: string; readonly outcome: Outcome };

/** A call of a tool, told of when it begins and when it has ended. */
export interface LiveCall extends Pick<ToolCall, 'name' | 'input'> {
  /** counts the calls of the attempt, from 0 */
  readonly number: number;
  /** null until it has ended */
  readonly result: Pick<ToolCall, 'resultChars' | 'ms' | 'error'> | null;
}

/** The runs that this process has under way. Nothing here is durable: the store has what counts, this only says it sooner. */
export interface LiveRuns {
  /** An attempt begins; `abort` breaks it off. */
  begin(run: Pick<Run, 'id' | 'workflowRunId' | 'attempts'>, abort: (reason: Error) => void): LiveRun;
  /** Breaks off the attempt that is under way; false where there is none. */
  abort(runId: string, reason: Error): boolean;
  /**
   * Calls back with each notice of a run, or of a workflow's steps, first with what was heard so far of the attempt under way.
   * Returns a function that ends this.
   */
  follow(id: string, onNotice: (notice: Notice) => void): () => void;
  /** Calls back with all that goes on from now on. Returns a function that ends this. */
  feed(onHappening: (happening: Happening) => void): () => void;
  /** Something was received. */
  received(hook: string, outcome: Outcome): void;
}

/** An attempt under way, which says here what there is to hear. */
export interface LiveRun {
  restart(): void;
  text(piece: string): void;
  tool(call: LiveCall): void;
  /** It has ended, and that is stored. */
  over(): void;
}

interface UnderWay extends Pick<Run, 'workflowRunId'> {
  readonly abort: (reason: Error) => void;
  /** for those who come later */
  readonly heard: Notice[];
}

const changed: Notice = { kind: 'changed' };

export function createLiveRuns(): LiveRuns {
  const underWay = new Map<string, UnderWay>();
  const followers = new Map<string, Set<(notice: Notice) => void>>();
  const watchers = new Set<(happening: Happening) => void>();
  const happens = (happening: Happening) => {
    for (const onHappening of watchers) onHappening(happening);
  };
  const tell = (id: string, notice: Notice) => {
    for (const onNotice of followers.get(id) ?? []) onNotice(notice);
  };
  return {
    begin({ id: runId, workflowRunId, attempts }, abort) {
      const heard: Notice[] = [];
      const tellAll = (notice: Notice) => {
        tell(runId, notice);
        if (workflowRunId !== null) tell(workflowRunId, notice);
        happens(notice.kind === 'changed' ? { kind: 'run', runId, workflowRunId } : notice);
      };
      const hear = (notice: Notice) => {
        keep(heard, notice);
        tellAll(notice);
      };
      underWay.set(runId, { abort, heard, workflowRunId });
      tellAll(changed);
      // Who has heard the attempt before still listens.
      if (attempts > 1) tellAll({ kind: 'restart', runId });
      return {
        restart: () => heard.length > 0 && hear({ kind: 'restart', runId }),
        text: (text) => hear({ kind: 'text', runId, text }),
        tool: (call) => hear({ kind: 'tool', runId, call }),
        over() {
          underWay.delete(runId);
          tellAll(changed);
        },
      };
    },
    abort(runId, reason) {
      const run = underWay.get(runId);
      run?.abort(reason);
      return run !== undefined;
    },
    feed(onHappening) {
      watchers.add(onHappening);
      return () => watchers.delete(onHappening);
    },
    received: (hook, outcome) => happens({ kind: 'event', hook, outcome }),
    follow(id, onNotice) {
      const all = followers.get(id) ?? new Set();
      followers.set(id, all.add(onNotice));
      for (const [runId, { heard, workflowRunId }] of underWay) {
        if (id === runId || id === workflowRunId) heard.forEach(onNotice);
      }
      return () => {
        all.delete(onNotice);
        if (all.size === 0) followers.delete(id);
      };
    },
  };
}

/** Adds a notice to those that still count, pieces of a text joined to one. */
function keep(heard: Notice[], notice: Notice): void {
  const last = heard.at(-1);
  if (notice.kind === 'restart') heard.length = 0;
  else if (notice.kind === 'text' && last?.kind === 'text') {
    heard[heard.length - 1] = { ...last, text: last.text + notice.text };
  } else heard.push(notice);
}
