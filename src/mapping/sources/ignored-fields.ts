import { oneLine } from '../../domain/run.ts';
import { nearestKey } from '../../schema/problem.ts';
import { isObject } from '../payload/limits.ts';

/** What a body says that its action does not use: the sender is told, since it may have meant something by it. */
export interface IgnoredFields {
  /** at most 20, as paths: `channelId`, `steps[0].timeout` */
  readonly fields: readonly string[];
  /** for those of them that look like a slip of the pen, the name that was probably meant */
  readonly didYouMean: Readonly<Record<string, string>>;
}

const most = 20;
const longest = 100;

/** The fields of a body that are none of `known`, and of its steps, where it may have such, none of `ofSteps`. */
export function ignoredFields(
  body: unknown,
  known: readonly string[],
  ofSteps?: readonly string[],
): IgnoredFields | undefined {
  const fields: string[] = [];
  const meanings: [field: string, meant: string][] = [];
  const note = (holder: unknown, names: readonly string[], at: string) => {
    if (!isObject(holder)) return;
    for (const name of Object.keys(holder)) {
      if (names.includes(name) || fields.length === most) continue;
      const field = at + oneLine(name, longest);
      const free = names.filter((one) => !Object.hasOwn(holder, one));
      const meant = name.length <= longest ? nearestKey(name, free) : undefined;
      fields.push(field);
      if (meant !== undefined) meanings.push([field, meant]);
    }
  };
  note(body, known, '');
  const steps = ofSteps && isObject(body) && Array.isArray(body.steps) ? body.steps : [];
  for (const [at, step] of steps.entries()) note(step, ofSteps ?? [], `steps[${at}].`);
  return fields.length > 0 ? { fields, didYouMean: Object.fromEntries(meanings) } : undefined;
}
