import type { Logger } from 'pino';
import type { McpServers } from '../agent/mcp/servers.ts';
import type { Models } from '../agent/models.ts';
import type { Screener } from '../agent/screening/screening.ts';
import type { Channels } from '../channels/channels.ts';
import type { NextBeat } from '../domain/next-beat.ts';
import type { Run, Screening, Usage } from '../domain/run.ts';
import type { Mask } from '../domain/text/mask.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { Queue } from '../queue/queue.ts';
import type { Delivery } from '../store/queries/deliveries.ts';
import type { Store } from '../store/store.ts';
import type { RuntimeSettings } from './settings.ts';
import type { LiveRuns } from './watching/live-runs.ts';

/** What the worker side works with. `current` gives what the latest reload brought; a turn keeps what it began with. */
export interface Runtime {
  readonly store: Store;
  readonly queue: Queue;
  readonly log: Logger;
  readonly clock: Clock;
  readonly live: LiveRuns;
  readonly current: () => Settings;
  /** told of each attempt that ended a run, with its duration in ms */
  readonly onRunEnd: (run: Run, status: 'completed' | 'error', ms: number) => void;
  /** told of each answer of a model to a run or about one, with what it cost in US dollars; null where that is not known */
  readonly onUsage: (run: Run, usage: Usage, cost: number | null) => void;
  /** told of each reply or message to a channel, once it is clear what becomes of it */
  readonly onDelivery: (status: Delivery['status']) => void;
  /** told of each beat that is planned */
  readonly onBeatPlanned: (next: NextBeat) => void;
  /** told of each run whose policy asks for screening, once that is over */
  readonly onScreened: (run: Run, verdict: Screening['verdict']) => void;
}

interface Settings {
  readonly config: RuntimeSettings;
  readonly models: Models;
  readonly mcpServers: McpServers;
  readonly screener: Screener;
  readonly channels: Channels;
  /** takes known secrets out of a text */
  readonly mask: Mask;
}
