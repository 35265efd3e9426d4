import type { NextFunction, Request, Response } from 'express';
import { StoreError } from '../domain/errors.ts';
import { admit, methodsOf } from '../ingest/admit.ts';
import { checkHookToken, presentedToken } from '../ingest/authenticate.ts';
import { receive, recordHandshake } from '../ingest/receive.ts';
import type { Refusal, SignedRequest } from '../ingest/verify/verifier.ts';
import { brokenCall, brokenRetryAfter, refuse, refuseUnread, sendAnswer, tooLarge } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { addressOf, turnAway } from './gate.ts';
import { nameOf } from './hook-name.ts';
import { createOnceAMinute } from './once-a-minute.ts';
import { waitForEnd } from './prefer-wait.ts';
import { queryOf, searchOf } from './query.ts';
import { readBody } from './read-body.ts';
import { streamRun } from './run-stream.ts';
import { getRun, getRunStats, getRuns } from './runs.ts';
import { streamWorkflow } from './workflow-stream.ts';
import { getWorkflow, getWorkflows } from './workflows.ts';

/** How long a sender waits whose proof cannot be judged, by why that is. */
const waits: ReadonlyMap<Refusal['step'], string> = new Map([
  ['keys unavailable', '5'],
  ['does not load', brokenRetryAfter],
]);

/**
 * Everything under `hooks.path`, checked in this order: query token, method, token, name, body, and then the mapping. A hook
 * with mappings that ask for another proof is let in after its body has come, since that is what the proof is about.
 * What authenticated a request also serves it, however often the config is swapped meanwhile.
 */
export function createHooks(deps: HttpDeps): (req: Request, res: Response, next: NextFunction) => Promise<void> {
  const { store, queue, throttle, refusals, clock, log, onEvent } = deps;
  const isTold = createOnceAMinute();

  async function refuseSender(req: Request, res: Response, name: string, { step, detail }: Refusal): Promise<void> {
    const wait = waits.get(step);
    if (wait !== undefined) {
      refuse(res, 503, 'who sent this cannot be checked now; send it again later', { 'Retry-After': wait });
    }
    const status = wait === undefined ? await turnAway(req, res, throttle) : 503;
    refusals.add({ time: clock.now(), hook: name, status, step, detail });
    if (wait !== undefined && !isTold(detail)) return;
    // An address that is locked out has been logged often enough.
    if (status !== 429) log.warn({ hook: name.slice(0, 100), step, detail }, 'request refused');
  }

  return async (req, res, next) => {
    const { config, table, verifierOf, isHookToken } = deps.current();
    const { path, enabled, allowQueryToken } = config.hooks;
    if (!enabled || (req.path !== path && !req.path.startsWith(`${path}/`))) return next();

    const query = queryOf(req);
    const queryToken = query.token;
    delete query.token;
    if (queryToken !== undefined) {
      if (!allowQueryToken) {
        return refuse(res, 400, 'a token in the URL is refused here: send it as the header Authorization: Bearer');
      }
      res.set('Deprecation', 'true');
      log.warn(
        { path: req.path.slice(0, 100) },
        'a hook was called with ?token=, which is deprecated: send Authorization: Bearer instead',
      );
    }

    const hook = nameOf(req.path.slice(path.length + 1));
    const read = reads.find((route) => route.path.test(hook ?? ''));
    const candidates =
      read || !hook ? [] : table.candidates(hook).map((mapping) => ({ mapping, verifier: verifierOf(mapping) }));
    const byProof = candidates.some(({ verifier }) => verifier);
    const allowed = read ? ['GET'] : byProof ? methodsOf(candidates) : ['POST'];
    if (!allowed.includes(req.method)) {
      return refuse(res, 405, `use ${allowed.join(' or ')}`, { Allow: allowed.join(', ') });
    }
    const token = checkHookToken(
      presentedToken(req.headers) ?? (queryToken === undefined ? undefined : Buffer.from(queryToken)),
      isHookToken,
    );
    if (!byProof) {
      if (!token.ok) return refuseSender(req, res, hook ?? '', token);
      throttle.forgive(() => addressOf(req));
    }
    if (hook === undefined) return refuse(res, 400, 'the hook name is not valid percent-encoding');
    if (read) return read.serve(deps, hook, query, res);
    if (hook === '') return refuse(res, 404, 'name a hook: POST to a path below this one');

    if (req.headers['content-encoding'] !== undefined) {
      return refuse(
        res,
        415,
        'send the body as it is: Gimli reads no compressed bodies, since a signature is over plain bytes',
      );
    }
    const limit = table.maxBodyBytes(hook);
    const body = await readBody(req, limit, Number(req.headers['content-length'] ?? 0));
    if (body === 'too large') return refuseUnread(req, res, 413, { ok: false, error: tooLarge(limit) });

    const { method, headers } = req;
    const signed: SignedRequest = { method, headers, query, search: searchOf(req), rawBody: body };
    const takesToken = !byProof || candidates.some(({ verifier }) => !verifier);
    const admitted = await admit(candidates, signed, takesToken ? token : null);
    if (!admitted.ok) {
      if (admitted.step === 'unreadable') return refuse(res, 400, admitted.detail);
      return refuseSender(req, res, hook, admitted);
    }
    if (byProof) throttle.forgive(() => addressOf(req));

    const known = table.knows(hook);
    const request = { ...admitted, endpoint: 'hooks', hook, body, known } as const;
    try {
      if (admitted.handshake) {
        const { mapping, answer } = admitted.handshake;
        await recordHandshake({ store, queue, clock, log }, request, mapping, answer);
        onEvent(known ? hook : 'unknown', 'handshake');
        return void res.status(answer.status).type(answer.contentType).send(answer.body);
      }
      const answer = await receive({ store, queue, clock, log }, request);
      onEvent(known ? hook : 'unknown', answer.outcome);
      if (answer.broken !== undefined && isTold(answer.broken)) log.warn({ hook, mapping: answer.broken }, brokenCall);
      const ended = req.headers.prefer === undefined ? null : await waitForEnd(deps, req, res, answer);
      sendAnswer(res, ended ?? answer);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error({ hook }, `event refused: ${error.message}`);
      return refuse(res, 503, 'the event could not be stored; send it again later', { 'Retry-After': '5' });
    }
  };
}

interface Read {
  readonly path: RegExp;
  serve(deps: HttpDeps, path: string, query: Record<string, string>, res: Response): Promise<void>;
}

/** What is read with the hook token. */
const reads: readonly Read[] = [
  { path: /^runs$/, serve: ({ store }, _path, query, res) => getRuns(store.read, query, res) },
  { path: /^runs\/stats$/, serve: ({ store }, _path, _query, res) => getRunStats(store.read, res) },
  { path: /^runs\/[^/]+\/stream$/, serve: (deps, path, _query, res) => streamRun(deps, idIn(path), 'hooks', res) },
  { path: /^runs\/[^/]+$/, serve: ({ store }, path, _query, res) => getRun(store.read, idIn(path), res) },
  { path: /^workflows$/, serve: ({ store }, _path, query, res) => getWorkflows(store.read, query, res) },
  {
    path: /^workflows\/[^/]+\/stream$/,
    serve: (deps, path, _query, res) => streamWorkflow(deps, idIn(path), 'hooks', res),
  },
  {
    path: /^workflows\/[^/]+$/,
    serve: ({ store }, path, _query, res) => getWorkflow(store.read, idIn(path), 'hooks', res),
  },
];

function idIn(path: string): string {
  return path.split('/')[1] ?? '';
}
