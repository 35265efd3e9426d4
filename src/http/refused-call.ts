import type { Request } from 'express';
import type { RefusedRequest } from '../ingest/refusals.ts';
import { addressOf } from './gate.ts';

/** What the owner is shown of a request that was refused: no header but its content type, and nothing of its query. */
export function refusedCall(req: Request): Pick<RefusedRequest, 'method' | 'path' | 'type' | 'address'> {
  const { method, path, headers } = req;
  return { method, path, type: headers['content-type'] ?? '', address: addressOf(req) };
}
