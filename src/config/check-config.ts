import { checkAgents } from '../agent/settings/agents.ts';
import { valueAt } from '../domain/event.ts';
import { fitsHeader, unfitForHeader } from '../domain/text/secret.ts';
import { checkGateway } from '../http/settings.ts';
import { checkHooks } from '../mapping/settings/check-hooks.ts';
import { type Origins, type Problem, toPointer } from '../schema/problem.ts';

/**
 * What the schema cannot say about a config. The value may still be invalid, so that all problems come at once: each check
 * looks only at values of the right type and leaves the others to the schema. What is of one part is checked by that part.
 */
export function checkConfig(config: unknown, origins: Origins): Problem[] {
  return [
    ...checkGateway(config, origins),
    ...unfitTokens(config),
    ...hookToken(config),
    ...specSecret(config, origins),
    ...checkAgents(config, origins),
    ...checkHooks(config),
  ];
}

function unfitTokens(config: unknown): Problem[] {
  const places = [
    ['gateway', 'token'],
    ['hooks', 'token'],
    ['specs', 'secret'],
  ];
  return places.flatMap((place) => {
    const token = valueAt(config, place);
    return typeof token === 'string' && !fitsHeader(token) ? [{ path: toPointer(place), message: unfitForHeader }] : [];
  });
}

function hookToken(config: unknown): Problem[] {
  const path = '/hooks/token';
  const token = valueAt(config, ['hooks', 'token']);
  if (token === undefined && valueAt(config, ['hooks', 'enabled']) === true) {
    return [{ path, message: 'missing; hooks.enabled needs the token that callers present' }];
  }
  if (typeof token !== 'string' || token !== valueAt(config, ['gateway', 'token'])) return [];
  return [{ path, message: 'expected a token of its own, found the one of gateway.token', see: '/gateway/token' }];
}

function specSecret(config: unknown, origins: Origins): Problem[] {
  const path = '/specs/secret';
  const [port, secret] = [valueAt(config, ['specs', 'port']), valueAt(config, ['specs', 'secret'])];
  if (port !== undefined && secret === undefined) {
    const cause = origins.has('/specs/port') ? 'WEBHOOK_PORT is set' : 'specs.port is set';
    const message = `missing; ${cause}, and that port needs the secret that callers present: set WEBHOOK_SECRET`;
    return [{ path, message }];
  }
  if (typeof secret !== 'string') return [];
  if (port === undefined) {
    return [{ path, message: 'would be ignored: without specs.port (or WEBHOOK_PORT), specs take hooks.token' }];
  }
  if (secret !== valueAt(config, ['gateway', 'token'])) return [];
  return [{ path, message: 'expected a secret of its own, found the one of gateway.token', see: '/gateway/token' }];
}
