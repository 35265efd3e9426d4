import { type DoctorCheck, ok, problem, warning } from './finding.ts';

const config: DoctorCheck = {
  name: 'config',
  run: ({ problems, configFile, settings }) => {
    if (problems.length > 0)
      return problems.map((text) =>
        problem(text, 'Mend it: a gateway does not start with it. One that runs keeps its last good version.'),
      );
    const loads = ok(`${configFile} loads`);
    return settings?.config.hooks.enabled === false
      ? [loads, warning('hooks are off: nothing is accepted', 'Set hooks.enabled and hooks.token.')]
      : [loads];
  },
};

const parts: DoctorCheck = {
  name: 'parts',
  run: ({ settings }) => {
    if (!settings) return [];
    const found = settings.broken.map(({ kind, id, problems }) =>
      kind === 'setting'
        ? warning(`${id} is no setting, and is ignored: ${problems.join('; ')}`, 'Mend or remove it.')
        : problem(
            `the ${kind} ${id} is left out: ${problems.join('; ')}`,
            'Mend it and save the file: it comes back by itself.',
          ),
    );
    return found.length > 0 ? found : [ok('nothing is left out')];
  },
};

const tokens: DoctorCheck = {
  name: 'tokens',
  run: ({ settings }) => {
    if (!settings) return [];
    const found = settings.warnings.map((line) => warning(line, 'Change it here and at whoever sends it.'));
    return found.length > 0 ? found : [ok('long enough, and nothing was pasted along')];
  },
};

export const configChecks = [config, parts, tokens];
