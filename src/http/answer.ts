import type { Request, Response } from 'express';

/** Every error has this shape, whatever part of the server it comes from. */
export function refuse(res: Response, status: number, error: string, headers: Record<string, string> = {}): void {
  res.status(status).set(headers).json({ ok: false, error });
}

/** Sends what already is JSON. */
export function sendJson(res: Response, json: string): void {
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(json));
  res.end(json);
}

const longestDrainMs = 5000;
const largestDrain = 64 * 1024 * 1024;

/**
 * 413 for a body that may still be on its way. The connection stays open until the sender has had the chance to read the
 * answer: closing it with unread bytes would reset it, and the answer would be lost.
 */
export function refuseTooLarge(req: Request, res: Response, limit: number): void {
  const body = JSON.stringify({ ok: false, error: `the body is larger than ${limit} bytes` });
  res.status(413).set({ Connection: 'close', 'Content-Type': 'application/json; charset=utf-8' });
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
    if (drained > largestDrain) end();
  });
  req.on('end', end).on('close', end);
  if (req.readableEnded) end();
  else req.resume();
}
