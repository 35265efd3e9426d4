import express from 'express';
import { cancelWorkflow } from '../runtime/cancel.ts';
import { retryWorkflow } from '../runtime/retry.ts';
import { cancelRoute, retryRoute } from './by-hand.ts';
import type { HttpDeps } from './deps.ts';
import { queryOf } from './query.ts';
import { streamWorkflow } from './workflow-stream.ts';
import { getWorkflow, getWorkflows } from './workflows.ts';

const workflow = { what: 'workflow', key: 'workflowRunId', retry: retryWorkflow, cancel: cancelWorkflow } as const;

/** `/api/workflows` */
export function ownerWorkflows(deps: HttpDeps): express.Router {
  const { read } = deps.store;
  const router = express.Router();
  router.get('/', (req, res) => getWorkflows(read, queryOf(req), res));
  router.get('/:id', (req, res) => getWorkflow(read, req.params.id, 'owner', res));
  router.get('/:id/stream', (req, res) => streamWorkflow(deps, req.params.id, 'owner', res));
  router.post('/:id/retry', retryRoute(deps, workflow));
  router.post('/:id/cancel', cancelRoute(deps, workflow));
  return router;
}
