import type { Endpoint } from '../domain/event.ts';

/** How an endpoint words its answers. */
export interface Answers {
  /** `mode` is that of the first line for main, where there is no run */
  accepted(made: {
    readonly eventId: string;
    readonly runIds: readonly string[];
    readonly workflowRunIds: readonly string[];
    readonly mode: string | undefined;
  }): { readonly status: 200 | 202; readonly body: object };
  refused(error: string, details: readonly string[] | undefined, eventId: string): object;
  /** the error where no mapping has the name */
  unknown(hook: string): string;
}

const hooks: Answers = {
  accepted({ eventId, runIds, workflowRunIds, mode }) {
    const [runId] = runIds;
    const [workflowRunId] = workflowRunIds;
    if (runId === undefined && workflowRunId === undefined) return { status: 200, body: { ok: true, mode, eventId } };
    const body = {
      ok: true,
      ...(runId !== undefined && { runId }),
      ...(runIds.length > 1 && { runIds }),
      ...(workflowRunId !== undefined && { workflowRunId }),
      ...(workflowRunIds.length > 1 && { workflowRunIds }),
      eventId,
    };
    return { status: 202, body };
  },
  refused: (error, details, eventId) => ({ ok: false, error, ...(details && { details }), eventId }),
  unknown: (hook) => `hook not found: ${hook}`,
};

const specs: Answers = {
  accepted: () => ({ status: 202, body: { status: 'accepted' } }),
  refused: (error, details) => ({ error, ...(details && { details }) }),
  unknown: (slug) => `webhook not found: ${slug}`,
};

export const answersOf: Readonly<Record<Endpoint, Answers>> = { hooks, specs };
