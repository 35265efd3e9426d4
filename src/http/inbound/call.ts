import type { Request, Response } from 'express';
import type { Proof } from '../../ingest/admit.ts';
import type { Held } from '../../ingest/body-budget.ts';
import type { LineLimit } from '../../ingest/line-limit.ts';
import type { RequestHead } from '../../verify/judge-head.ts';
import { checkHookToken, presentedToken } from '../../verify/token.ts';
import type { Verdict } from '../../verify/verifier.ts';
import type { HttpDeps } from '../deps.ts';
import { queryOf, searchOf } from '../query.ts';
import { type Intake, openIntake } from './body/intake.ts';
import type { InboundEndpoint, Target } from './endpoint.ts';

/** What all calls of a front door share. */
export interface DoorDeps extends HttpDeps {
  /** of a hook that is called with `?token=` */
  readonly mayWarnOfUrl: LineLimit;
  /** of a mapping that does not load */
  readonly mayTellBroken: LineLimit;
}

/** A request on its way in, with what is known of it so far. */
export interface Call {
  readonly deps: DoorDeps;
  readonly way: InboundEndpoint;
  readonly target: Target;
  readonly req: Request;
  readonly res: Response;
  readonly head: RequestHead;
  readonly intake: Intake;
  /** `?token=`, which stands in the query no more */
  readonly urlToken: string | undefined;
  readonly presented: Buffer | undefined;
  /** whether that is the token that the target takes */
  readonly token: Verdict;
  proof?: Proof;
  /** whether its sender is known, so far as what it sent could say */
  isKnown: boolean;
  /** what its body takes up while its sender is not known */
  held?: Held;
}

type Given = Pick<Call, 'deps' | 'way' | 'target' | 'req' | 'res'>;

export function openCall(given: Given): Call {
  const { req, target } = given;
  const { method, headers } = req;
  const query = queryOf(req);
  const urlToken = query.token;
  delete query.token;
  const fromUrl = target.tokenInUrl === 'ignored' ? undefined : urlToken;
  const presented = presentedToken(headers) ?? (fromUrl === undefined ? undefined : Buffer.from(fromUrl));
  return {
    ...given,
    head: { method, headers, query, search: searchOf(req) },
    intake: openIntake(req),
    urlToken: fromUrl,
    presented,
    token: checkHookToken(presented, target.token.isValid, target.token.setting),
    isKnown: false,
  };
}
