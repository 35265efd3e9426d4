import type { Run } from '../domain/run.ts';
import type { Moment } from '../queue/moment.ts';

/** The transaction in which a run ends: what follows from its end is written with it, or not at all. */
export interface Ending extends Moment {
  readonly run: Run;
}
