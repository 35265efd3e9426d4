import { type Static, Type } from 'typebox';
import { durationPattern } from '../domain/time/duration.ts';
import { sizePattern } from '../domain/time/keep.ts';
import { storeUrlPattern } from './store-url.ts';

const strict = { additionalProperties: false };
/** A time that is at least a moment: nobody means to keep nothing. */
const age = {
  pattern: `^(?=.*[1-9f])(forever|${durationPattern.slice(1, -1)})$`,
  title: 'a time such as "12h", "30d" or "8w", or "forever"',
};

/** How long what is over is kept. */
const keep = Type.Object(
  {
    filtered: Type.String({
      ...age,
      default: '7d',
      description: 'Events that led to nothing: `filtered`, `skipped`, `duplicate` and `handshake`.',
    }),
    events: Type.String({
      ...age,
      default: '30d',
      description: 'All other events, with what came in. One that a run still needs stays as long as that.',
    }),
    runs: Type.String({
      ...age,
      default: '30d',
      description:
        'Runs and workflows that have ended, with their prompts, replies, calls and deliveries. The turns that a session still goes on with stay.',
    }),
    maxBytes: Type.String({
      pattern: sizePattern,
      title: 'a size such as "500MB" or "20GB", at least "1MB", or "unlimited"',
      default: '20GB',
      description: 'Above this the oldest of all that is over goes, however young it is.',
    }),
  },
  {
    ...strict,
    default: {},
    description: 'How long what is over is kept: a time, or `forever`. Nothing that is open or unread is ever removed.',
  },
);

/** `store` */
export const storeSettings = Type.Object(
  {
    url: Type.String({
      needsRestart: true,
      pattern: storeUrlPattern,
      title: '"sqlite:" and a path',
      default: 'sqlite:./data/gimli.db',
      description: 'Where everything is kept: `sqlite:` and a path.',
    }),
    keep,
  },
  { ...strict, default: {} },
);
export type StoreSettings = Static<typeof storeSettings>;
