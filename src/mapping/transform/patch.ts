import { type Static, Type } from 'typebox';
import { TransformError } from '../../domain/errors.ts';
import type { Text } from '../../domain/text/text.ts';
import { compileSchema } from '../../schema/ajv.ts';
import { unknownKey } from '../../schema/problem.ts';
import { invalidEvent } from '../invalid-event.ts';
import { agentFields } from '../settings/action-schema.ts';
import { safetyFields } from '../settings/mapping-schema.ts';

const patchSchema = Type.Partial(
  Type.Object({
    ...agentFields,
    action: Type.Enum(['wake', 'agent']),
    message: Type.String(),
    text: Type.String(),
  }),
);
const checkPatch = compileSchema(patchSchema);
const known = Object.keys(patchSchema.properties);

/** What a transform changes in the action of its mapping; what it does not name stays. */
export interface Patch extends Partial<Omit<Static<typeof patchSchema>, 'message' | 'text'>> {
  message?: Text;
  text?: Text;
}

/** A longer name is cut where it is shown: it may be the sender's. */
const longestName = 100;

/**
 * Checks what a transform returned. `texts` holds what it made with ctx.prompt; every other text is a value from outside.
 * Throws a TransformError for a field that no action has, an InvalidEvent for a bad value, which may be the sender's.
 */
export function patchOf(module: string, fields: Record<string, unknown>, texts: Readonly<Record<string, Text>>): Patch {
  for (const name of [...Object.keys(fields), ...Object.keys(texts)]) {
    if (Object.hasOwn(safetyFields, name))
      throw new TransformError(`transform ${module}: ${name} can be set in the mapping only`);
    if (known.includes(name)) continue;
    const shown = name.slice(0, longestName);
    const reason = `transform ${module}: ${shown}: ${unknownKey(shown, known)}`;
    throw new TransformError(reason, `transform ${module}: it returned a field that no action has`);
  }
  const misplaced = Object.keys(texts).find((name) => name !== 'message' && name !== 'text');
  if (misplaced !== undefined) throw new TransformError(`transform ${module}: ${misplaced} cannot be a prompt`);
  const checked = checkPatch(fields);
  if (!checked.ok) throw invalidEvent('the action of the transform is not valid', checked.problems);
  const { message, text, ...patch } = checked.value;
  return {
    ...patch,
    ...(message !== undefined && { message: [{ path: 'message', value: message }] }),
    ...(text !== undefined && { text: [{ path: 'text', value: text }] }),
    ...texts,
  };
}
