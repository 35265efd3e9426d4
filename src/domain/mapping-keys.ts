/** What an event can become. */
export const actionKinds = ['wake', 'agent', 'workflow'] as const;
export type ActionKind = (typeof actionKinds)[number];

/** What a transform may make of an event, whatever the action of its mapping. */
const ofTransforms: readonly ActionKind[] = ['wake', 'agent'];

const runs: readonly ActionKind[] = ['agent', 'workflow'];

/**
 * Which actions use a key of a mapping: what an editor offers, what is refused when a config is loaded, and what the docs say, all
 * derive from it. A key that is not here is used by all of them.
 */
const actionsOfKeys = {
  textTemplate: ['wake'],
  messageTemplate: ['agent'],
  coalesce: ['agent'],
  workflow: ['workflow'],
  steps: ['workflow'],
  continueOnError: ['workflow'],
  name: runs,
  sessionKey: runs,
  deliver: runs,
  channel: runs,
  to: runs,
  model: runs,
  thinking: runs,
  timeoutSeconds: runs,
  rate: runs,
  maxConcurrent: runs,
  retryFor: runs,
  budget: runs,
  allowUnsafeExternalContent: runs,
  screen: runs,
  tools: runs,
  context: runs,
  updateMainSession: runs,
} satisfies Record<string, readonly ActionKind[]>;

/** The keys that not every action uses. */
export const keysOfActions: readonly string[] = Object.keys(actionsOfKeys);

/** Of these keys a mapping needs one; a transform makes up for those of an action that transforms can make. */
export const neededKeys: Readonly<Record<ActionKind, readonly string[]>> = {
  wake: ['textTemplate', 'transform'],
  agent: ['messageTemplate', 'transform'],
  workflow: ['workflow', 'steps'],
};

/** The actions that use a key of a mapping; undefined where all do. */
export function actionsOf(key: string): readonly ActionKind[] | undefined {
  return Object.hasOwn(actionsOfKeys, key) ? actionsOfKeys[key as keyof typeof actionsOfKeys] : undefined;
}

/** The actions that would use a key, where nothing that a mapping makes does; undefined where it is of use. */
export function ignoredKey(key: string, made: Made): readonly ActionKind[] | undefined {
  const users = actionsOf(key);
  return users && !actionsMade(made).some((kind) => users.includes(kind)) ? users : undefined;
}

interface Made {
  readonly action: ActionKind;
  readonly hasTransform: boolean;
}

/** What a mapping of an action may make of an event. */
function actionsMade({ action, hasTransform }: Made): readonly ActionKind[] {
  return hasTransform ? [action, ...ofTransforms] : [action];
}
