import type { Logger } from 'pino';
import { keyVariables } from './agent/built-in-providers.ts';
import { contextWarnings } from './agent/context-sizes.ts';
import { createMcpServers, type McpServers } from './agent/mcp/servers.ts';
import { splitModel } from './agent/model-names.ts';
import { type BrokenProviders, createModels, type Models } from './agent/models.ts';
import { createScreener, type Screener } from './agent/screening/screening.ts';
import { type Channels, createChannels } from './channels/channels.ts';
import { checkDefaultTools, createToolCheck } from './config/check-tools.ts';
import { type LoadedConfig, loadConfig } from './config/load.ts';
import { openFileProblem } from './config/open-file.ts';
import { secretsIn } from './config/secrets.ts';
import { type BrokenPart, isSamePart, problemsOfParts } from './domain/broken-part.ts';
import { ConfigError, messageOf } from './domain/errors.ts';
import { createMask, type Mask } from './domain/text/mask.ts';
import { isCredentialName } from './ingest/credentials/credential-names.ts';
import { specToken } from './ingest/spec-token.ts';
import type { Mapping } from './mapping/mapping.ts';
import { createSpecs, type Specs } from './mapping/sources/spec-folder.ts';
import { createTable, type Table } from './mapping/table.ts';
import { createTransformLog } from './mapping/transform/log.ts';
import { createTransforms, type Transforms } from './mapping/transform/transform.ts';
import { type MissingChannel, missingChannels } from './mapping/warnings/channels.ts';
import { allWarnings, wholeRules } from './mapping/warnings/warnings.ts';
import { budgetWarnings } from './runtime/budget.ts';
import { secretsOfVerify } from './verify/settings.ts';
import { createTokenCheck, type TokenCheck } from './verify/token.ts';
import type { Verifier } from './verify/verifier.ts';
import { createVerifiers } from './verify/verifiers.ts';

/** Everything that a config file brings about. A reload makes a whole new one, or none. */
export interface Settings {
  readonly loaded: LoadedConfig;
  readonly config: LoadedConfig['config'];
  readonly table: Table;
  readonly verifierOf: (mapping: Mapping) => Verifier | undefined;
  readonly models: Models;
  readonly mcpServers: McpServers;
  readonly screener: Screener;
  readonly channels: Channels;
  readonly transforms: Transforms;
  readonly isHookToken: TokenCheck;
  readonly specs: Specs;
  readonly isSpecToken: TokenCheck;
  readonly isGatewayToken: TokenCheck;
  /** takes the secrets of these settings out of a text, and those of the settings before: runs of that time may go on */
  readonly mask: Mask;
  /** those of these settings alone */
  readonly secrets: readonly string[];
  /** what does not load and is left out alone; specs as they were when one was last looked for */
  readonly broken: readonly BrokenPart[];
  /** what the owner should know of secrets and tokens that are used all the same, with its place; nothing of them */
  readonly warnings: readonly string[];
  /** what the config says and does not do or mean, a line for each, each once */
  readonly hints: readonly string[];
  /** channels that the config counts on and that are not there */
  readonly missingChannels: readonly MissingChannel[];
}

/**
 * Loads config, presets and transforms. A part that does not load is left out alone; throws ConfigError with all that is wrong where that
 * is more than parts. A part that the settings before have in use may not break either.
 * @param reuse the settings that these will replace: transforms of the same folder are taken over, and MCP servers of the same settings
 */
export async function loadSettings(
  file: string,
  env: NodeJS.ProcessEnv,
  log: Logger,
  reuse?: Settings,
): Promise<Settings> {
  return settingsOf(loadConfig(file, env), log, reuse);
}

/** What a config that was read brings about; see `loadSettings`. */
export async function settingsOf(loaded: LoadedConfig, log: Logger, reuse?: Settings): Promise<Settings> {
  try {
    return await makeSettings(loaded, log, reuse);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map(loaded.hide);
    if (reuse || loaded.leftOut.length === 0) throw new ConfigError(problems);
    // What cannot be left out may name a part that could.
    const parts = loaded.locate(loaded.leftOut.flatMap(({ problems }) => problems));
    throw new ConfigError([...new Set([...parts, ...problems])]);
  }
}

async function makeSettings(loaded: LoadedConfig, log: Logger, reuse?: Settings): Promise<Settings> {
  const { config, leftOut, hide } = loaded;
  const ofConfig = brokenInConfig(loaded);
  const brokenProviders: BrokenProviders = new Map();
  for (const { kind, id, problems } of ofConfig) if (kind === 'provider') brokenProviders.set(id, problems);
  const loading: string[] = [];
  let warn = (line: string): void => void loading.push(line);
  const models = createModels(config.agents, loaded.env, (line) => warn(line), brokenProviders);
  const providers = [...brokenProviders].map(([id, problems]): BrokenPart => ({ kind: 'provider', id, problems }));
  const before = [...ofConfig.filter(({ kind }) => kind !== 'provider'), ...providers];
  const isNew = (part: BrokenPart) => reuse !== undefined && !reuse.broken.some((known) => isSamePart(known, part));
  const checkTools = createToolCheck(loaded);
  checkDefaultTools(loaded, checkTools);
  const screener = createScreener(config.screening, models);
  const sameDir = reuse && reuse.config.hooks.transformsDir === config.hooks.transformsDir;
  const transforms = sameDir
    ? reuse.transforms
    : createTransforms({
        dir: config.hooks.transformsDir,
        onReload: () => log.info({ dir: config.hooks.transformsDir }, 'transforms reloaded'),
        onRefused: (problems) => log.error({ problems }, 'edited transforms refused; the last good ones stay'),
        onLine: createTransformLog(log),
      });
  const runs = {
    resolveModel: models.resolve,
    runsCommand: (model = models.defaultModel) => models.runsCommand(model),
    usualTools: config.agents.defaults.tools,
  };
  const { hooks, workflows } = config;
  const table = await createTable({
    hooks,
    workflows,
    maxTimeoutSeconds: config.agents.defaults.maxTimeoutSeconds,
    env: loaded.env,
    ...runs,
    checkTools,
    transforms,
    locate: loaded.locate,
    hide,
    leftOut,
    takes: (parts) => ![...before, ...parts].some(isNew),
  });
  const broken = [...before, ...table.broken].map((part) => ({ ...part, problems: part.problems.map(hide) }));
  if (broken.some(isNew)) {
    if (!sameDir) await transforms.close();
    throw new ConfigError(problemsOfParts(broken.filter(isNew)));
  }
  const modelProblem = modelProblemIn(models);
  const specs = createSpecs({
    dir: config.specs.dir,
    ...runs,
    modelProblem,
    warn: (line) => log.warn(line),
    maxTextChars: config.hooks.maxTextChars,
    report: (problems) => log.error({ problems }, 'specs do not load'),
    before: reuse?.specs,
  });
  // Asked for here so that a broken one is known of before it is called.
  const mappings = [...table.mappings, ...specs.all().mappings];
  const inUse = modelsInUse({ config, models, screener }, mappings);
  const more = mappings.some(({ limits }) => limits.perDay !== undefined);
  const secrets = [...secretsBefore(loaded), ...table.mappings.flatMap(secretsOfMapping)];
  const channels = createChannels(config.channels, { log }, reuse?.channels);
  const rules = wholeRules(table.rules);
  const around = {
    config,
    channels: new Set(channels.all.keys()),
    travels: (name: string) => !isCredentialName(name),
    modelProblem,
  };
  const missing = missingChannels(rules, around, loaded.locate);
  const hints = new Set([
    ...loaded.hints,
    ...table.rules.flatMap(({ part }) => part.hints),
    ...allWarnings(rules, around, loaded.locate),
    ...missing.flatMap(({ lines }) => lines),
    ...loading,
    ...budgetWarnings(config.agents.defaults.budget, inUse, models.priceOf, more),
    ...contextWarnings(inUse, models.isSizeKnown),
  ]);
  warn = (line) => log.warn(hide(line));
  return {
    loaded,
    config,
    secrets,
    mask: createMask([...secrets, ...(reuse?.secrets ?? [])]),
    table,
    verifierOf: createVerifiers(table.mappings),
    models,
    mcpServers: createMcpServers(config.agents.mcpServers, log, reuse?.mcpServers),
    screener,
    transforms,
    channels,
    isHookToken: createTokenCheck(config.hooks.token),
    specs,
    isSpecToken: createTokenCheck(specToken(config).token),
    isGatewayToken: createTokenCheck(config.gateway.token),
    warnings: [...new Set([...loaded.warnings, ...table.warnings])],
    get broken() {
      return [...broken, ...specs.broken()];
    },
    hints: [...[...hints].map(hide), ...openFile(loaded.envFile)],
    missingChannels: missing,
  };
}

/** Says why no run can be on a model that a config names. */
function modelProblemIn(models: Models): (name: string) => string | undefined {
  return (name) => {
    try {
      return models.agent(models.resolve(name)).problem;
    } catch (error) {
      return messageOf(error);
    }
  };
}

/** Says that others may read the file of the secrets, and how to mend that. */
function openFile(file: string): string[] {
  const open = openFileProblem(file);
  return open ? [`${open.text}, and what is secret in it; mend it with: ${open.remedy}`] : [];
}

/** What is known as secret before presets are read: of the config, and the keys that the environment gives without a word in it. */
export function secretsBefore(loaded: LoadedConfig): string[] {
  return [...secretsIn(loaded), ...[...keyVariables.values()].flatMap((name) => loaded.env[name] ?? [])];
}

/** Presets read theirs from the environment. */
function secretsOfMapping({ verify }: Mapping): string[] {
  return verify === undefined ? [] : secretsOfVerify(verify);
}

/** What the config itself is without; the table knows more of its mappings and presets. */
function brokenInConfig({ leftOut, locate }: LoadedConfig): BrokenPart[] {
  const own = leftOut.filter(({ kind }) => kind !== 'mapping' && kind !== 'preset');
  return own.map(({ kind, id, problems }) => ({ kind, id, problems: locate(problems) }));
}

/** The models that are known before a call or a transform names another. */
export function modelsInUse(
  { config, models, screener }: Pick<Settings, 'config' | 'models' | 'screener'>,
  mappings: readonly Mapping[],
): string[] {
  const { heartbeat } = config.agents.defaults;
  const { defaultModel, fallbacks, resolve } = models;
  return [
    defaultModel,
    ...fallbacks,
    ...(heartbeat.model === undefined ? [] : [resolve(heartbeat.model)]),
    ...mappings.flatMap(({ models }) => models),
    ...(mappings.some(({ policy }) => policy.screen) ? [screener.model] : []),
  ];
}

/** What is wrong with the keys of the providers in use, without the one that screens, by provider. */
export function keyProblems(settings: Settings, mappings: readonly Mapping[]): ReadonlyMap<string, string> {
  const { models, screener } = settings;
  const inUse = modelsInUse(settings, mappings).filter((name) => name !== screener.model);
  const problems = inUse.flatMap((name): [string, string][] => {
    const [provider] = splitModel(name);
    const problem = models.hasProvider(name) ? models.agent(name).problem : `agents.providers has no "${provider}"`;
    return problem === undefined ? [] : [[provider, problem]];
  });
  return new Map(problems);
}
