import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { messageOf, StoreError } from '../domain/errors.ts';
import type { Refuse } from './answer.ts';

/** What no route expected. The message of an internal error stays in the log. */
export function errorHandler(log: Logger, say: Refuse): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    if (error instanceof StoreError) return say(res, 503, 'the store cannot be used now');
    const status = typeof error?.status === 'number' ? error.status : 500;
    if (status >= 500) log.error({ err: error }, 'request failed');
    say(res, status, status >= 500 ? 'internal error' : messageOf(error));
  };
}
