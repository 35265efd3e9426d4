import type { RefusedStep } from '../../ingest/refusals.ts';
import type { Refusal } from '../../verify/verifier.ts';

interface More {
  readonly headers?: Record<string, string>;
  /** for the owner, where that is more than the sender is told */
  readonly detail?: string;
}

/** Ends a request at a step, with what its sender is told. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** the answer's HTTP status; null where the proof failed: then it depends on how often that happened */
  readonly status: number | null;
  readonly step: RefusedStep;
  readonly headers: Record<string, string>;
  readonly detail: string;

  constructor(
    step: RefusedStep,
    status: number | null,
    message: string,
    { headers = {}, detail = message }: More = {},
  ) {
    super(message);
    this.step = step;
    this.status = status;
    this.headers = headers;
    this.detail = detail;
  }
}

/** Whoever fails to prove who they are is told nothing of the reason. */
export function unproven({ step, detail }: Refusal): Refused {
  return new Refused(step, null, '', { detail });
}
