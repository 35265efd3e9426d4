import { createRequire } from 'node:module';
import { type Static, Type } from 'typebox';
import { valueAt } from '../domain/event.ts';
import { secretText } from '../domain/text/secret.ts';
import type { HooksSettings, SpecsSettings } from '../mapping/settings/settings.ts';
import type { RuntimeSettings } from '../runtime/settings.ts';
import { found } from '../schema/found.ts';
import type { Origins, Problem } from '../schema/problem.ts';
import type { StoreSettings } from '../store/settings.ts';

const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };

/** `gateway` */
export const gateway = Type.Object(
  {
    host: Type.String({
      ...text,
      needsRestart: true,
      default: '127.0.0.1',
      description: 'The address to listen on.',
    }),
    port: Type.Integer({
      needsRestart: true,
      minimum: 0,
      maximum: 65535,
      default: 18789,
      description: 'The port to listen on; 0 takes a free one.',
    }),
    token: Type.Optional(
      Type.String({
        ...text,
        ...secretText,
        description: 'Opens `/api` and `/metrics`. Without it they are closed. Not the hook token.',
      }),
    ),
    trustProxy: Type.Union([Type.Boolean(), Type.Integer({ minimum: 0 }), Type.String(text)], {
      needsRestart: true,
      default: false,
      description: "Express's `trust proxy`: which proxies may say where a request came from.",
    }),
    drainSeconds: Type.Number({
      minimum: 0,
      maximum: 600,
      default: 10,
      description: 'How long a stop waits for runs under way before it hands them back to be run after the next start.',
    }),
  },
  { ...strict, default: {}, description: 'Where Gimli listens, and who may look in.' },
);
type GatewaySettings = Static<typeof gateway>;

/** What the web side reads of the config. */
export interface HttpSettings extends RuntimeSettings {
  readonly gateway: GatewaySettings;
  readonly hooks: HooksSettings;
  readonly specs: SpecsSettings;
  readonly store: StoreSettings;
}

/** The first segments of paths that the gateway itself serves. */
const ownPaths = ['api', 'hook', 'healthz', 'readyz', 'metrics'];

/** What the schema cannot say about where the gateway of a config that may still be invalid is reached. */
export function checkGateway(config: unknown, origins: Origins): Problem[] {
  return [...trustProxy(config, origins), ...hookPath(config, origins)];
}

/** By Express itself, which would refuse to start; loaded here and not before, since most configs do not say it. */
function trustProxy(config: unknown, origins: Origins): Problem[] {
  const path = '/gateway/trustProxy';
  const value = valueAt(config, ['gateway', 'trustProxy']);
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

function hookPath(config: unknown, origins: Origins): Problem[] {
  const path = '/hooks/path';
  const value = valueAt(config, ['hooks', 'path']);
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
