import { cancelWorkflow } from '../../runtime/cancel.ts';
import { retryWorkflow } from '../../runtime/retry.ts';
import { workflowReads } from '../read/workflows.ts';
import { cancelRoute, retryRoute } from './by-hand.ts';
import type { AnyRoute } from './route.ts';

const byHand = { what: 'workflow', key: 'workflowRunId', retry: retryWorkflow, cancel: cancelWorkflow } as const;

export const workflowRoutes: readonly AnyRoute[] = [...workflowReads, retryRoute(byHand), cancelRoute(byHand)];
