import type { RefusalCode } from '../../domain/refusal.ts';
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
  /** null where the proof failed: then it depends on how often that happened */
  readonly code: RefusalCode | null;
  readonly step: RefusedStep;
  readonly headers: Record<string, string>;
  readonly detail: string;

  constructor(
    step: RefusedStep,
    code: RefusalCode | null,
    message: string,
    { headers = {}, detail = message }: More = {},
  ) {
    super(message);
    this.step = step;
    this.code = code;
    this.headers = headers;
    this.detail = detail;
  }
}

/** Whoever fails to prove who they are is told nothing of the reason. */
export function unproven({ step, detail }: Refusal): Refused {
  return new Refused(step, null, '', { detail });
}
