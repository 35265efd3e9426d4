import type { Logger } from 'pino';
import type { Channels } from '../channels/channels.ts';
import type { Outcome } from '../domain/event.ts';
import type { Mask } from '../domain/text/mask.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { BodyBudget } from '../ingest/body-budget.ts';
import type { Refusals } from '../ingest/refusals.ts';
import type { Throttle } from '../ingest/throttle.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Specs } from '../mapping/sources/spec-folder.ts';
import type { Table } from '../mapping/table.ts';
import type { Queue } from '../queue/queue.ts';
import type { LiveRuns } from '../runtime/watching/live-runs.ts';
import type { Store } from '../store/store.ts';
import type { TokenCheck } from '../verify/token.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { HttpSettings } from './settings.ts';

/** What the web side works with. */
export interface HttpDeps {
  readonly store: Store;
  readonly queue: Queue;
  readonly throttle: Throttle;
  readonly refusals: Refusals;
  /** the room for bodies of senders who are not known yet */
  readonly bodies: BodyBudget;
  readonly log: Logger;
  readonly clock: Clock;
  readonly onEvent: (hook: string, outcome: Outcome) => void;
  readonly live: LiveRuns;
  /** aborts when the server begins to close */
  readonly closing: AbortSignal;
  /** the token of this machine's commands, beside `gateway.token` */
  readonly isCommandToken?: TokenCheck;
  readonly metricsText: () => Promise<string>;
  /** what the latest reload brought; a request is served by what it began with */
  readonly current: () => {
    readonly config: HttpSettings;
    readonly table: Table;
    readonly channels: Channels;
    readonly verifierOf: (mapping: Mapping) => Verifier | undefined;
    readonly isHookToken: TokenCheck;
    readonly specs: Specs;
    readonly isSpecToken: TokenCheck;
    readonly isGatewayToken: TokenCheck;
    /** takes out what is known as secret */
    readonly mask: Mask;
  };
}
