import type { NextFunction, Request, Response } from 'express';
import { createLineLimit } from '../../ingest/line-limit.ts';
import type { HttpDeps } from '../deps.ts';
import { answerEvent } from './answer-event.ts';
import { takeBody } from './body/take-body.ts';
import { type DoorDeps, openCall } from './call.ts';
import { admitSender, checkSender } from './check-sender.ts';
import { checkMethod, checkName, checkPath, checkUrlToken } from './checks.ts';
import type { InboundEndpoint } from './endpoint.ts';
import { turnAway } from './turn-away.ts';

/**
 * The way in of every event: a request goes through these steps, and ends at the first that refuses it. Whatever ends it leaves a
 * trace. What authenticated a request also serves it, however often the config is swapped meanwhile.
 */
export function createFrontDoor(way: InboundEndpoint, given: HttpDeps) {
  const deps: DoorDeps = {
    ...given,
    mayWarnOfUrl: createLineLimit({ lines: 1, perMs: 3_600_000 }),
    mayTellBroken: createLineLimit({ lines: 1, perMs: 60_000 }),
  };
  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    const target = way.find(req.path, deps.current());
    if (!target) return next();
    const call = openCall({ deps, way, target, req, res });
    try {
      checkPath(call);
      checkUrlToken(call);
      checkMethod(call);
      await checkSender(call);
      checkName(call);
      if (target.read) return await target.read(deps, call.head.query, res);
      const answerers = target.answerers();
      const body = await takeBody(call, answerers);
      const admitted = await admitSender(call, body, answerers);
      await answerEvent(call, { ...answerers, ...admitted, body });
    } catch (error) {
      await turnAway(call, error);
    } finally {
      call.held?.release();
    }
  };
}
