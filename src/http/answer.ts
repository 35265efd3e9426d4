import type { Request, Response } from 'express';
import type { Answer } from '../ingest/once.ts';

/** When a sender may ask again for a hook that does not load, in seconds: it takes a person to mend it. */
export const brokenRetryAfter = '60';

/** What the log says of calls of such a hook. */
export const brokenCall = 'calls come for what does not load; they are answered 503, and their events can be replayed';

/** Sends what became of an event. */
export function sendAnswer(res: Response, { status, body, outcome }: Answer): void {
  if (outcome === 'duplicate') res.setHeader('Idempotent-Replayed', 'true');
  if (status === 503) res.setHeader('Retry-After', brokenRetryAfter);
  res.status(status);
  if (body === null) res.end();
  else sendJson(res, JSON.stringify(body));
}

/** Sends what already is JSON. */
function sendJson(res: Response, json: string): void {
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(json));
  res.end(json);
}

const longestDrainMs = 5000;
/** So many bytes are read of a sender who is known before the connection is closed all the same, and of others. */
const largestDrain = 64 * 1024 * 1024;
const largestDrainOfStrangers = 512 * 1024;

export function tooLarge(limit: number): string {
  return `the body is larger than ${limit} bytes`;
}

/**
 * Refuses a request whose body may still be on its way. The connection stays open until the sender has had the chance to read the
 * answer: closing it with unread bytes would reset it, and the answer would be lost. Strangers have it only with bodies that cost little
 * to read.
 */
export function refuseUnread(req: Request, res: Response, answer: object, isKnown: boolean): void {
  const most = isKnown ? largestDrain : largestDrainOfStrangers;
  const body = JSON.stringify(answer);
  res.set({ Connection: 'close', 'Content-Type': 'application/json; charset=utf-8' });
  res.set('Content-Length', String(Buffer.byteLength(body)));
  res.write(body);
  let drained = 0;
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, longestDrainMs);
  req.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > most) end();
  });
  req.on('end', end).on('close', end);
  if (req.readableEnded) end();
  else req.resume();
}
