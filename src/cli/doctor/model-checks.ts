import { contextWarnings } from '../../agent/context-sizes.ts';
import { splitModel } from '../../agent/model-names.ts';
import { messageOf } from '../../domain/errors.ts';
import { budgetWarnings } from '../../runtime/budget.ts';
import { modelsInUse, type Settings } from '../../settings.ts';
import { type DoctorCheck, type Finding, ok, problem, warning } from './finding.ts';

/** No model is asked: this says only whether a request could succeed at all. */
const models: DoctorCheck = {
  name: 'models',
  run: ({ settings }) => {
    if (!settings) return [];
    const all = usedBy(settings).map((model) => ({ model, ...usable(settings, model) }));
    const byProvider = Map.groupBy(all, ({ model, why }) => `${splitModel(model)[0]}\n${why ?? ''}`);
    const found = [...byProvider.values()].map((same): Finding => {
      const names = same.map(({ model }) => model).join(', ');
      const why = same[0]?.why;
      return why === undefined ? ok(`${names}: can be asked`) : problem(`${names}: ${why}`, 'What needs it waits.');
    });
    const { defaultModel } = settings.models;
    const remedy = 'Set ANTHROPIC_API_KEY or OPENAI_API_KEY in .env, or agents.defaults.model.';
    const isEcho = settings.models.agent(defaultModel).api === 'echo';
    return isEcho
      ? [...found, warning(`the default model is ${defaultModel}, which repeats what it is asked`, remedy)]
      : found;
  },
};

const prices: DoctorCheck = {
  name: 'prices',
  run: ({ settings }) => {
    if (!settings) return [];
    const { budget } = settings.config.agents.defaults;
    const ofMappings = mappingsOf(settings).some(({ limits }) => limits.perDay !== undefined);
    if (budget.perRun === undefined && budget.perDay === undefined && !ofMappings) return [ok('no budget is set')];
    const found = budgetWarnings(budget, usedBy(settings), settings.models.priceOf, ofMappings).map((line) => {
      const [text = line] = line.split('; ');
      return warning(text, 'Say it in agents.prices.');
    });
    return found.length > 0 ? found : [ok('the budget counts all models in use')];
  },
};

const sizes: DoctorCheck = {
  name: 'context sizes',
  run: ({ settings }) => {
    if (!settings) return [];
    const found = contextWarnings(usedBy(settings), settings.models.isSizeKnown).map((line) => {
      const [text = line, remedy = ''] = line.split('. ');
      return warning(text, `${remedy}.`);
    });
    return found.length > 0 ? found : [ok('known for all models in use')];
  },
};

const screening: DoctorCheck = {
  name: 'screening',
  run: ({ settings }) => {
    if (!settings) return [];
    const { screener, models, config } = settings;
    const ids = mappingsOf(settings).flatMap(({ id, policy }) => (policy.screen ? [id] : []));
    if (ids.length === 0) return [ok('no mapping asks for it')];
    if (screener.problem === undefined) return [ok(`${screener.model} can be asked`)];
    if (models.agent(models.defaultModel).api === 'echo') return [ok('not needed: the default model is echo')];
    const outcome = config.screening.onError === 'block' ? 'ends in error' : 'is not screened';
    return [problem(`what ${ids.join(', ')} start ${outcome}: ${screener.problem}`, 'See screening.model.')];
  },
};

function mappingsOf({ table, specs }: Settings) {
  return [...table.mappings, ...specs.all().mappings];
}

/** Without the one that screens, which has a check of its own. */
function usedBy(settings: Settings): string[] {
  const unscreened = mappingsOf(settings).map((mapping) => ({
    ...mapping,
    policy: { ...mapping.policy, screen: false },
  }));
  return [...new Set(modelsInUse(settings, unscreened))];
}

function usable({ models }: Settings, model: string): { why: string | undefined } {
  try {
    return { why: models.agent(model).problem };
  } catch (error) {
    return { why: messageOf(error) };
  }
}

export const modelChecks = [models, prices, sizes, screening];
