import { type Problem, toPointer } from '../../schema/problem.ts';
import type { Find } from './warning.ts';

/** Models that no run can be on: of a provider that is not there, or has no key. */
export const deadModels: Find = ({ model, steps = [] }, { around }) => {
  const ofSteps = steps.map((step, at) => ({ path: toPointer(['steps', at, 'model']), model: step.model }));
  return [{ path: '/model', model }, ...ofSteps].flatMap(({ path, model: name }): Problem[] => {
    const message = name === undefined ? undefined : around.modelProblem(name);
    return message === undefined ? [] : [{ path, message }];
  });
};
