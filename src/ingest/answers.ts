import type { Endpoint } from '../domain/event.ts';
import { type RefusalCode, refusalStatus } from '../domain/refusal.ts';
import type { IgnoredFields } from '../mapping/sources/ignored-fields.ts';

/** The ids of what an event has begun. */
export interface Started {
  readonly runIds: readonly string[];
  readonly workflowRunIds: readonly string[];
}

/** How an endpoint words its answers. */
export interface Answers {
  /** `mode` is that of the first line for main, where there is no run */
  accepted(made: {
    readonly eventId: string;
    readonly started: Started;
    readonly mode: string | undefined;
    readonly ignored: IgnoredFields | undefined;
  }): { readonly status: 200 | 202; readonly body: object };
  refused(why: {
    readonly code: RefusalCode;
    readonly error: string;
    readonly details?: readonly string[] | undefined;
    readonly eventId: string;
  }): object;
  /** the error where no mapping has the name */
  unknown(hook: string): string;
}

const hooks: Answers = {
  accepted({ eventId, started, mode, ignored }) {
    const { runIds, workflowRunIds } = started;
    const [runId] = runIds;
    const [workflowRunId] = workflowRunIds;
    if (runId === undefined && workflowRunId === undefined)
      return { status: 200, body: { ok: true, mode, eventId, ...ignoredOf(ignored) } };
    const body = {
      ok: true,
      ...(runId !== undefined && { runId }),
      ...(runIds.length > 1 && { runIds }),
      ...(workflowRunId !== undefined && { workflowRunId }),
      ...(workflowRunIds.length > 1 && { workflowRunIds }),
      eventId,
      ...ignoredOf(ignored),
    };
    return { status: 202, body };
  },
  refused: ({ code, error, details, eventId }) => ({ ok: false, error, code, ...(details && { details }), eventId }),
  unknown: (hook) => `hook not found: ${hook}`,
};

function ignoredOf(ignored: IgnoredFields | undefined): object {
  if (!ignored) return {};
  const { fields, didYouMean } = ignored;
  return { ignored: fields, ...(Object.keys(didYouMean).length > 0 && { didYouMean }) };
}

/** What an answer to a hook says that it has begun, where no more is left of that. */
export function startedIn(body: object | null): Started {
  const { runId, workflowRunId, runIds, workflowRunIds }: Partial<Worded> = body ?? {};
  const one = (id: string | undefined) => (id === undefined ? [] : [id]);
  return { runIds: runIds ?? one(runId), workflowRunIds: workflowRunIds ?? one(workflowRunId) };
}

interface Worded extends Started {
  readonly runId: string;
  readonly workflowRunId: string;
}

const specs: Answers = {
  accepted: () => ({ status: 202, body: { status: 'accepted' } }),
  refused: ({ error, details }) => ({ error, ...(details && { details }) }),
  unknown: (slug) => `webhook not found: ${slug}`,
};

export const answersOf: Readonly<Record<Endpoint, Answers>> = { hooks, specs };

/** How a recorded event is refused: the answer, and its status. */
export function refusalOf(
  { endpoint, id: eventId }: { readonly endpoint: Endpoint; readonly id: string },
  code: RefusalCode,
  error: string,
  details?: readonly string[],
): { readonly status: number; readonly answer: object } {
  return { status: refusalStatus[code], answer: answersOf[endpoint].refused({ code, error, details, eventId }) };
}
