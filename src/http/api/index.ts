import express, { type NextFunction, type Request, type Response } from 'express';
import type { TokenCheck } from '../../verify/token.ts';
import type { HttpDeps } from '../deps.ts';
import { refuse } from '../errors.ts';
import { pass } from '../gate.ts';
import { refusedCall } from '../refused-call.ts';
import { openApi } from './openapi.ts';
import { mount } from './route.ts';
import { apiRoutes } from './routes.ts';

/** `/api/*`: what the owner sees and does, behind `gateway.token`. */
export function createApi(deps: HttpDeps): express.Router {
  const router = express.Router();
  router.use(ownerOnly(deps));
  router.get('/openapi.json', (_req, res) => void res.json(openApi(deps.current().config.hooks.path)));
  mount(router, apiRoutes, deps, 'owner');
  router.use((_req, res) => refuse(res, 'not-found', 'not found'));
  return router;
}

/** Without a `gateway.token` in the config, only the commands of this machine pass. */
export function ownerOnly({ current, isCommandToken, throttle, refusals }: HttpDeps) {
  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    const isValid: TokenCheck = (token) => current().isGatewayToken(token) || isCommandToken?.(token) === true;
    const onRefused = (status: number) => {
      const detail = 'this asks for gateway.token: send it as Authorization: Bearer';
      // What a router knows of the path begins at its own place.
      const call = { ...refusedCall(req), path: req.baseUrl + req.path };
      refusals.add({ ...call, hook: '', status, step: 'token', detail });
    };
    if (await pass(req, res, { isValid, throttle, onRefused })) next();
  };
}
