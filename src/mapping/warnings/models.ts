import { type Problem, toPointer } from '../../config/problem.ts';
import type { Around, Find } from './warning.ts';

interface NamesModels {
  readonly model?: string | undefined;
  readonly steps?: readonly { readonly model?: string | undefined }[] | undefined;
}

/** Models that no run can be on: of a provider that is not there, or has no key. */
function deadModels({ model, steps = [] }: NamesModels, { modelProblem }: Pick<Around, 'modelProblem'>): Problem[] {
  const named = [
    { path: '/model', model },
    ...steps.map((step, at) => ({ path: toPointer(['steps', at, 'model']), model: step.model })),
  ];
  return named.flatMap(({ path, model: name }) => {
    const message = name === undefined ? undefined : modelProblem(name);
    return message === undefined ? [] : [{ path, message }];
  });
}

export const deadModelsOfRule: Find = (rule, { around }) => deadModels(rule, around);

/** The same of what the config says outside of mappings. */
export function deadModelsOfConfig(around: Pick<Around, 'config' | 'modelProblem'>): Problem[] {
  const { workflows } = around.config;
  return Object.entries(workflows).flatMap(([id, workflow]) =>
    deadModels(workflow, around).map(({ path, message }) => ({ path: toPointer(['workflows', id]) + path, message })),
  );
}
