import type { Response } from 'express';
import type { Endpoint } from '../domain/event.ts';
import { type RefusalCode, refusalStatus } from '../domain/refusal.ts';

interface More {
  readonly headers?: Readonly<Record<string, string>>;
  /** what stands in the answer beside `error` */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Ends a call with a refusal; its message is for the caller. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: RefusalCode;
  readonly more: More;

  constructor(code: RefusalCode, message: string, more: More = {}) {
    super(message);
    this.code = code;
    this.more = more;
  }
}

/** The shape of every error, whatever part of the server it comes from. Specs have their own, which knows no codes. */
export const errorBody: Readonly<Record<Endpoint, (code: RefusalCode, error: string) => object>> = {
  hooks: (code, error) => ({ ok: false, error, code }),
  specs: (_code, error) => ({ error }),
};

/** Answers an error. */
export type Refuse = (res: Response, code: RefusalCode, error: string, more?: More) => void;

export const refuse = refuseAs('hooks');
export const refuseSpec = refuseAs('specs');

function refuseAs(endpoint: Endpoint): Refuse {
  return (res, code, error, { headers = {}, fields = {} } = {}) => {
    const body = { ...errorBody[endpoint](code, error), ...fields };
    res
      .status(refusalStatus[code])
      .set({ ...headers })
      .json(body);
  };
}
