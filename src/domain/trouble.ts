/**
 * What can be done about a turn that brought no reply: four things that do not depend on each other. The one table of the
 * gateway's answers to trouble; what a provider says is sorted into its rows in `agent/`, what follows happens in `runtime/`.
 */
export interface Remedy {
  /**
   * What has to get well before the same run is tried again: `gate`: the provider or server that failed, whose runs wait together
   * until one probe succeeds; `run`: this run alone, which has its own attempts. Undefined: trying again does not help.
   */
  readonly again?: 'gate' | 'run';
  /** another provider could do it: the fallbacks are asked */
  readonly elsewhere?: true;
  /** it could be done with less of the prompt: earlier turns first, then the lines of a heartbeat */
  readonly smaller?: true;
  /** when the owner is told: at once, since only they can mend it, or where it lasts */
  readonly tell?: 'at once' | 'late';
  /** a run that waits for its gate gives up after `retryFor`; without it the run waits until the owner has mended it */
  readonly givesUp?: true;
}

export const remedies = {
  /** no connection, 408, 409, 5xx, overloaded, an answer that broke off */
  outage: { again: 'gate', elsewhere: true, tell: 'late', givesUp: true },
  /** too many requests or tokens a minute */
  rate: { again: 'gate', elsewhere: true, tell: 'late', givesUp: true },
  /** a key is missing, or is none, so that nothing was asked */
  setup: { elsewhere: true, tell: 'at once' },
  /** the key is refused, or may not do this */
  key: { again: 'gate', elsewhere: true, tell: 'at once' },
  /** nothing is left to pay with */
  credit: { again: 'gate', elsewhere: true, tell: 'at once' },
  /** a server of tools cannot be reached */
  tools: { again: 'gate', tell: 'late', givesUp: true },
  /** the provider does not know the model */
  model: { elsewhere: true, tell: 'at once' },
  /** what came back is no answer of the protocol at all: something else than the provider has answered */
  answer: { again: 'gate', elsewhere: true, tell: 'at once' },
  /** an answer of the protocol with a field that cannot be read */
  shape: { elsewhere: true },
  /** prompt and earlier turns are too long for the model */
  size: { elsewhere: true, smaller: true },
  /** the reply was cut off at its limit */
  cut: { smaller: true },
  /** the model, or its provider, will not answer this */
  refusal: { smaller: true },
  /** the provider calls the request wrong */
  request: {},
  /** something of ours went wrong, which may pass */
  ours: { again: 'run' },
  /** time, money, rounds or its owner ended it */
  ended: {},
} as const satisfies Record<string, Remedy>;

/** A row of the table. */
export type Trouble = keyof typeof remedies;
