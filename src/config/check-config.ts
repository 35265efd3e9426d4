import { createRequire } from 'node:module';
import { durationMs } from '../domain/duration.ts';
import { follow } from '../domain/event.ts';
import { fitsHeader, unfitForHeader } from '../domain/secret.ts';
import { found } from '../schema/found.ts';
import { nearestKey, type Origins, type Problem, toPointer, unknownKey } from '../schema/problem.ts';
import { checkMappings, verifyProblems } from './check-mappings.ts';
import { checkMcpServers } from './check-mcp-servers.ts';
import { checkProviders } from './check-providers.ts';
import { hookKeys, presetName } from './preset-name.ts';

/** The first segments of paths that the gateway itself serves. */
const ownPaths = ['api', 'hook', 'healthz', 'readyz', 'metrics'];

const shortestTimerMs = 60_000;

/**
 * What the schema cannot say about a config. The value may still be invalid, so that all problems come at once: each check
 * looks only at values of the right type and leaves the others to the schema.
 */
export function checkConfig(config: unknown, origins: Origins): Problem[] {
  return [
    ...trustProxy(config, origins),
    ...unfitTokens(config),
    ...hookToken(config),
    ...hookPath(config, origins),
    ...specSecret(config, origins),
    ...heartbeat(config, origins),
    ...timezone(config, origins, ['agents', 'defaults', 'timezone']),
    ...timezone(config, origins, ['agents', 'defaults', 'heartbeat', 'activeHours', 'timezone']),
    ...checkMcpServers(config),
    ...checkMappings(follow(config, ['hooks', 'mappings']), '/hooks/mappings'),
    ...overlays(config),
    ...checkProviders(follow(config, ['agents', 'providers']), '/agents/providers'),
  ];
}

/** Keys of `hooks` that are neither settings nor enabled presets: to the schema any key could be a preset's name. */
export function strayHookKeys(config: unknown): Problem[] {
  const hooks = follow(config, ['hooks']);
  if (typeof hooks !== 'object' || hooks === null || Array.isArray(hooks)) return [];
  const presets = follow(hooks, ['presets']);
  const enabled = Array.isArray(presets) ? presets.filter((entry) => typeof entry === 'string').map(presetName) : [];
  const known = [...hookKeys, ...enabled];
  const stray = Object.entries(hooks).filter(([key]) => !known.includes(key));
  return stray.map(([key, value]) => {
    const overlay = typeof value === 'object' && nearestKey(key, known) === undefined;
    const message = overlay
      ? 'unknown key; the settings of a preset need its name in hooks.presets'
      : unknownKey(key, known);
    return { path: toPointer(['hooks', key]), message };
  });
}

/** Rules that nothing reaches, since nobody has said that hooks are served; who wrote `false` knows. */
export function forgottenSwitch(config: unknown): Problem[] {
  if (follow(config, ['hooks', 'enabled']) !== undefined) return [];
  const written = ['mappings', 'presets'].filter((key) => {
    const list = follow(config, ['hooks', key]);
    return Array.isArray(list) && list.length > 0;
  });
  if (written.length === 0) return [];
  const message = `missing, so no hook is served and ${written.map((key) => `hooks.${key}`).join(' and ')} have no effect; expected true`;
  return [{ path: '/hooks/enabled', message }];
}

/** By Express itself, which would refuse to start; loaded here and not before, since most configs do not say it. */
function trustProxy(config: unknown, origins: Origins): Problem[] {
  const path = '/gateway/trustProxy';
  const value = follow(config, ['gateway', 'trustProxy']);
  if (typeof value !== 'string' || value.trim() === '') return [];
  const express = createRequire(import.meta.url)('express') as typeof import('express');
  try {
    express().set('trust proxy', value);
    return [];
  } catch {
    const message = `expected true, a number of proxies, or addresses such as "loopback, 10.0.0.0/8", found ${found(path, value, origins)}`;
    return [{ path, message }];
  }
}

/** Every key of `hooks` that is no setting is taken for a preset's: one that is none is reported as such. */
function overlays(config: unknown): Problem[] {
  const hooks = follow(config, ['hooks']);
  if (typeof hooks !== 'object' || hooks === null) return [];
  const presets = Object.entries(hooks).filter(([key]) => !hookKeys.includes(key));
  return presets.flatMap(([key, overlay]) => verifyProblems(overlay, toPointer(['hooks', key])));
}

function unfitTokens(config: unknown): Problem[] {
  const places = [
    ['gateway', 'token'],
    ['hooks', 'token'],
    ['specs', 'secret'],
  ];
  return places.flatMap((place) => {
    const token = follow(config, place);
    return typeof token === 'string' && !fitsHeader(token) ? [{ path: toPointer(place), message: unfitForHeader }] : [];
  });
}

function hookToken(config: unknown): Problem[] {
  const path = '/hooks/token';
  const token = follow(config, ['hooks', 'token']);
  if (token === undefined && follow(config, ['hooks', 'enabled']) === true) {
    return [{ path, message: 'missing; hooks.enabled needs the token that callers present' }];
  }
  if (typeof token !== 'string' || token !== follow(config, ['gateway', 'token'])) return [];
  return [{ path, message: 'expected a token of its own, found the one of gateway.token', see: '/gateway/token' }];
}

function specSecret(config: unknown, origins: Origins): Problem[] {
  const path = '/specs/secret';
  const [port, secret] = [follow(config, ['specs', 'port']), follow(config, ['specs', 'secret'])];
  if (port !== undefined && secret === undefined) {
    const cause = origins.has('/specs/port') ? 'WEBHOOK_PORT is set' : 'specs.port is set';
    const message = `missing; ${cause}, and that port needs the secret that callers present: set WEBHOOK_SECRET`;
    return [{ path, message }];
  }
  if (typeof secret !== 'string') return [];
  if (port === undefined) {
    return [{ path, message: 'would be ignored: without specs.port (or WEBHOOK_PORT), specs take hooks.token' }];
  }
  if (secret !== follow(config, ['gateway', 'token'])) return [];
  return [{ path, message: 'expected a secret of its own, found the one of gateway.token', see: '/gateway/token' }];
}

function hookPath(config: unknown, origins: Origins): Problem[] {
  const path = '/hooks/path';
  const value = follow(config, ['hooks', 'path']);
  if (typeof value !== 'string' || value.trim() === '') return [];
  const segments = normalizeHookPath(value).split('/').slice(1);
  const shown = found(path, value, origins);
  if (segments.some((segment) => !/^[\w~-][\w.~-]*$/.test(segment))) {
    return [{ path, message: `expected a path such as "/hooks", found ${shown}` }];
  }
  if (!ownPaths.includes(segments[0]?.toLowerCase() ?? '')) return [];
  return [{ path, message: `expected a path that Gimli does not use itself, found ${shown}` }];
}

/** `hooks///` → `/hooks` */
export function normalizeHookPath(path: string): string {
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

function heartbeat(config: unknown, origins: Origins): Problem[] {
  const segments = ['agents', 'defaults', 'heartbeat'];
  const at = toPointer(segments);
  const read = (...rest: string[]) => follow(config, [...segments, ...rest]);
  const problems: Problem[] = [];

  const every = read('every');
  const everyMs = typeof every === 'string' ? durationMs(every) : 0;
  if (everyMs > 0 && everyMs < shortestTimerMs) {
    const path = `${at}/every`;
    const message = `expected at least "1m", or "0m" for no timer, found ${found(path, every, origins)}: each beat may be paid for`;
    problems.push({ path, message });
  }
  const start = read('activeHours', 'start');
  if (start !== undefined && start === read('activeHours', 'end')) {
    const message = 'expected another time than start; without activeHours the timer beats at any hour';
    problems.push({ path: `${at}/activeHours/end`, message });
  }
  return problems;
}

function timezone(config: unknown, origins: Origins, segments: string[]): Problem[] {
  const path = toPointer(segments);
  const zone = follow(config, segments);
  if (typeof zone !== 'string' || zone.trim() === '' || zone === 'local' || isTimeZone(zone)) return [];
  const message = `expected an IANA time zone such as "Europe/Oslo", or "local", found ${found(path, zone, origins)}`;
  return [{ path, message }];
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
