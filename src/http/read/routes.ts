import type { AnyRoute } from '../api/route.ts';
import { runReads } from './runs.ts';
import { workflowReads } from './workflows.ts';

/** What is read with the hook token, below `hooks.path`. */
export const hookReads: readonly AnyRoute[] = [...runReads, ...workflowReads];
