import express, { type NextFunction, type Request, type Response } from 'express';
import { StoreError } from '../domain/errors.ts';
import { type Answer, receive } from '../ingest/receive.ts';
import type { Executor } from '../store/database.ts';
import { refuse, refuseTooLarge } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { pass } from './gate.ts';
import { queryOf } from './query.ts';
import { getRun, getRunStats, getRuns } from './runs.ts';

/**
 * Everything under `hooks.path`, checked in this order: query token, method, token, name, body, and then the mapping.
 * What authenticated a request also serves it, however often the config is swapped meanwhile.
 */
export function createHooks(deps: HttpDeps): (req: Request, res: Response, next: NextFunction) => Promise<void> {
  const { store, queue, throttle, log, onEvent } = deps;
  const readBody = createBodyReader();

  return async (req, res, next) => {
    const { config, table, isHookToken } = deps.current();
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
        { path: req.path },
        'a hook was called with ?token=, which is deprecated: send Authorization: Bearer instead',
      );
    }

    const hook = nameOf(req.path.slice(path.length + 1));
    const read = reads.find((route) => route.path.test(hook ?? ''));
    const allowed = read ? 'GET' : 'POST';
    if (req.method !== allowed) return refuse(res, 405, `use ${allowed}`, { Allow: allowed });
    if (!(await pass(req, res, { isValid: isHookToken, throttle, queryToken }))) return;
    if (hook === undefined) return refuse(res, 400, 'the hook name is not valid percent-encoding');
    if (read) return read.serve(store.read, hook, query, res);
    if (hook === '') return refuse(res, 404, 'name a hook: POST to a path below this one');

    const limit = table.maxBodyBytes(hook);
    const body = await readBody(req, res, limit);
    if (body === 'too large') return refuseTooLarge(req, res, limit);

    let answer: Answer;
    try {
      answer = await receive({ table, store, queue, log }, { hook, headers: req.headers, query, body });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error({ hook }, `event refused: ${error.message}`);
      return refuse(res, 503, 'the event could not be stored; send it again later', { 'Retry-After': '5' });
    }
    if (answer.outcome) onEvent(table.knows(hook) ? hook : 'unknown', answer.outcome);
    res.status(answer.status);
    if (answer.body) res.json(answer.body);
    else res.end();
  };
}

interface Read {
  readonly path: RegExp;
  serve(db: Executor, path: string, query: Record<string, string>, res: Response): Promise<void>;
}

/** What is read with the hook token. */
const reads: readonly Read[] = [
  { path: /^runs$/, serve: (db, _, query, res) => getRuns(db, query, res) },
  { path: /^runs\/stats$/, serve: (db, _path, _query, res) => getRunStats(db, res) },
  { path: /^runs\/[^/]+$/, serve: (db, path, _, res) => getRun(db, path.slice('runs/'.length), res) },
];

function nameOf(path: string): string | undefined {
  // No /\/+$/: before a last character that is no slash it takes time that grows with the square of their number.
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  try {
    return decodeURIComponent(path.slice(0, end));
  } catch {
    return undefined;
  }
}

/**
 * Express's raw parser, one for each limit that occurs. It would tell of a body that is too large only after the last byte
 * of it, so that is seen here. Throws its other errors.
 */
function createBodyReader(): (req: Request, res: Response, limit: number) => Promise<Buffer | 'too large'> {
  const parsers = new Map<number, ReturnType<typeof express.raw>>();
  return (req, res, limit) =>
    new Promise((resolve, reject) => {
      const announced = req.headers['content-length'];
      if (announced === undefined) onMoreThan(limit, req, () => resolve('too large'));
      else if (Number(announced) > limit) return resolve('too large');
      let parser = parsers.get(limit);
      if (!parser) {
        parser = express.raw({ limit, type: () => true });
        parsers.set(limit, parser);
      }
      parser(req, res, (error?: unknown) => {
        if (!error) resolve(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0));
        else if ((error as { type?: string }).type === 'entity.too.large') resolve('too large');
        else reject(error);
      });
    });
}

function onMoreThan(limit: number, req: Request, tell: () => void): void {
  let received = 0;
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > limit) tell();
  });
}
