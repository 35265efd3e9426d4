import type { Job } from '../../domain/job.ts';
import type { Moment } from '../../queue/moment.ts';

/** The transaction of a claim, in which the work of a job begins. */
export interface Beginning extends Moment {
  readonly job: Job;
}
