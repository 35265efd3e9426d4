import type { Run } from '../../domain/run.ts';
import type { Moment } from '../../queue/moment.ts';
import type { Store } from '../../store/store.ts';

/** The transaction in which a run ends: what follows from its end is written with it, or not at all. */
export interface Ending extends Moment {
  readonly run: Run;
  /** for what is written with it */
  readonly newId: Store['newId'];
}
