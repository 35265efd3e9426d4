import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { messageOf, StoreError } from '../domain/errors.ts';
import { HttpError, type Refuse } from './errors.ts';

/** What a route ended with, or did not expect. The message of an internal error stays in the log. */
export function errorHandler(log: Logger, say: Refuse): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    if (error instanceof HttpError) return say(res, error.code, error.message, error.more);
    if (error instanceof StoreError) return say(res, 'not-stored', 'the store cannot be used now');
    // Express says so of a path that it cannot decode.
    if (error?.status === 400) return say(res, 'request', messageOf(error));
    log.error({ err: error }, 'request failed');
    say(res, 'internal', 'internal error');
  };
}
