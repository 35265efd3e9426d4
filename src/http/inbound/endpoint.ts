import type { Response } from 'express';
import type { Endpoint } from '../../domain/event.ts';
import type { Candidate } from '../../ingest/admit.ts';
import type { EventRequest } from '../../ingest/receive.ts';
import type { TokenCheck } from '../../verify/token.ts';
import type { HttpDeps } from '../deps.ts';
import type { Refused } from './refused.ts';

export type EndpointSettings = ReturnType<HttpDeps['current']>;

/** Who answers for a name, by the mappings and specs of the moment. */
export type Answerers = Pick<EventRequest, 'candidates' | 'known' | 'unknown'>;

/** What the path of a request leads to. */
export interface Target {
  /** the name, as events have it */
  readonly hook: string;
  /** the name as the owner reads it among refusals */
  readonly shown: string;
  readonly methods: readonly string[];
  /** the token that it takes, and where that stands in the config */
  readonly token: { readonly isValid: TokenCheck; readonly setting: 'hooks.token' | 'specs.secret' };
  readonly tokenInUrl: 'taken' | 'refused' | 'ignored';
  /** with what their senders prove; none where nobody needs more than the token */
  readonly candidates: readonly Candidate[];
  /** the longest body, in bytes */
  readonly limit: number;
  /** set where nothing is at the path: it is told so before all else */
  readonly lost?: Refused;
  /** set where the name is none: it is told so once its sender is known */
  readonly nameless?: Refused;
  /** what is read there, which makes no event */
  readonly read?: (deps: HttpDeps, query: Record<string, string>, res: Response) => Promise<void>;
  /** Looked up for senders who are known alone. */
  answerers(): Answerers;
}

/** A way in: all that hooks and specs differ in. */
export interface InboundEndpoint {
  readonly endpoint: Endpoint;
  /** Where a path leads, by these settings; null where another answers for it. */
  find(path: string, settings: EndpointSettings): Target | null;
  /** What the sender of a body that cannot be read is told. */
  cannotRead(error: unknown, body: Buffer): string;
  /** what the sender of a compressed body is told */
  readonly noCompression: string;
  /** whether every body is taken for a name that nobody knows, since that is what its sender has to hear of */
  readonly unknownComesFirst: boolean;
  /** whether a caller may wait for the end of what it starts */
  readonly mayWait: boolean;
}
