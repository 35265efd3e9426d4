import express, { type Request, type Response } from 'express';
import { specToken } from '../config/spec-token.ts';
import { StoreError } from '../domain/errors.ts';
import { type Payload, readPayload } from '../domain/payload/read-payload.ts';
import { answersOf } from '../ingest/answers.ts';
import { checkHookToken, presentedToken } from '../ingest/authenticate.ts';
import { cleanHeaders } from '../ingest/clean-headers.ts';
import { onceByHeader } from '../ingest/once.ts';
import { type EventRequest, receive } from '../ingest/receive.ts';
import { specBodyBytes } from '../mapping/sources/spec.ts';
import type { Specs } from '../mapping/sources/spec-folder.ts';
import { brokenCall, refuseSpec, refuseUnread, sendAnswer, tooLarge } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { errorHandler } from './error-handler.ts';
import { addressOf, turnAway } from './gate.ts';
import { nameOf } from './hook-name.ts';
import { createOnceAMinute } from './once-a-minute.ts';
import { queryOf } from './query.ts';
import { readBody } from './read-body.ts';

const base = '/hook/';

/** `POST /hook/:id`, checked in this order: method, token, slug, body, and then what the spec says about its fields. */
export function createSpecs(deps: HttpDeps): express.Router {
  const { store, queue, throttle, refusals, clock, log, onEvent } = deps;
  const isTold = createOnceAMinute();

  /** Whether the request has the token that specs take. Where it has not, it is turned away. */
  async function authenticate(req: Request, res: Response, slug: string): Promise<boolean> {
    const { config, isSpecToken } = deps.current();
    const token = checkHookToken(presentedToken(req.headers), isSpecToken, specToken(config).setting);
    if (token.ok) {
      throttle.forgive(() => addressOf(req));
      return true;
    }
    const { step, detail } = token;
    const status = await turnAway(req, res, throttle, refuseSpec);
    const hook = base + slug;
    refusals.add({ time: clock.now(), hook, status, step, detail });
    // An address that is locked out has been logged often enough.
    if (status !== 429) log.warn({ hook: hook.slice(0, 100), step, detail }, 'request refused');
    return false;
  }

  const router = express.Router();
  router.use(async (req, res, next) => {
    if (!req.path.startsWith(base)) return next();
    if (req.method !== 'POST') return refuseSpec(res, 405, 'use POST', { Allow: 'POST' });
    const encoded = req.path.slice(base.length);
    const slug = nameOf(encoded) ?? encoded;
    if (!(await authenticate(req, res, slug))) return;

    const target = targetOf(deps.current().specs, slug);
    if (target.known && req.headers['content-encoding'] !== undefined) {
      return refuseSpec(res, 415, 'send the body as it is: Gimli reads no compressed bodies');
    }
    const body = await readBody(req, specBodyBytes, Number(req.headers['content-length'] ?? 0));
    if (body === 'too large') {
      const [status, error] = target.known ? [413, tooLarge(specBodyBytes)] : [404, answersOf.specs.unknown(slug)];
      return refuseUnread(req, res, status, { error });
    }
    let read: Payload = { payload: undefined, notes: [] };
    try {
      read = readPayload(body, req.headers, 'specs');
    } catch (error) {
      if (target.known) return refuseSpec(res, 400, error instanceof RangeError ? error.message : 'invalid json');
    }
    const once = onceByHeader(req.headers);
    if (typeof once === 'string') return refuseSpec(res, 400, once);

    // No token is taken from there; but somebody may have tried.
    const { token: _, ...query } = queryOf(req);
    const headers = cleanHeaders(req.headers, []);
    const request: EventRequest = { endpoint: 'specs', hook: slug, headers, query, body, ...read, once, ...target };
    try {
      const answer = await receive({ store, queue, clock, log }, request);
      onEvent(target.known ? slug : 'unknown', answer.outcome);
      if (answer.broken !== undefined && isTold(answer.broken)) log.warn({ hook: base + slug }, brokenCall);
      sendAnswer(res, answer);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error({ hook: base + slug }, `event refused: ${error.message}`);
      refuseSpec(res, 503, 'the event could not be stored; send it again later', { 'Retry-After': '5' });
    }
  });
  router.use(errorHandler(log, refuseSpec));
  return router;
}

/** What answers for a slug today; where nothing does, the owner may read why. */
export function targetOf(specs: Specs, slug: string): Pick<EventRequest, 'candidates' | 'known' | 'unknown'> {
  const found = specs.find(slug);
  return found.mapping
    ? { candidates: [found.mapping], known: true }
    : { candidates: [], known: false, unknown: found.why };
}
