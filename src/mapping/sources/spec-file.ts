import { type Static, Type } from 'typebox';
import { replyFields } from '../../agent/settings/reply-fields.ts';
import { valueAt } from '../../domain/event.ts';
import { compileSchema } from '../../schema/ajv.ts';
import { describeProblem, fromPointer, type Problem, toPointer } from '../../schema/problem.ts';
import { isObject } from '../payload/limits.ts';
import { safetyFields } from '../settings/mapping-schema.ts';
import { type Flaw, readYaml } from './yaml-text.ts';

const frontmatterSchema = Type.Object(
  {
    id: Type.String({
      pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$',
      title: 'a name for the URL, such as "github-ci": at most 100 letters, digits, dots, dashes and underscores',
    }),
    fields: Type.Record(Type.String(), Type.Unknown(), { default: {}, title: 'a JSON Schema' }),
    isolated: Type.Boolean({ default: false }),
    model: Type.Optional(replyFields.model),
    thinking: Type.Boolean({ default: true }),
    allow_ping: Type.Boolean({ default: true }),
    update_main_session: Type.Enum(safetyFields.updateMainSession.enum, { default: 'on_ping' }),
  },
  { additionalProperties: false },
);
type Frontmatter = Static<typeof frontmatterSchema>;

const check = compileSchema(frontmatterSchema, { defaults: true });

/** A spec file taken apart. Its problems have paths in the frontmatter. */
export interface SpecFile {
  readonly frontmatter: Frontmatter;
  readonly body: string;
  /** where the body begins */
  readonly bodyLine: number;
  flawOf(problem: Problem): Flaw;
}

export type ReadSpecFile =
  | { readonly ok: true; readonly file: SpecFile }
  /** `id` is set where one can be made out all the same */
  | { readonly ok: false; readonly id: string | undefined; readonly flaws: readonly Flaw[] };

/** Reads YAML between two lines `---`, and the body below it. */
export function readSpecFile(text: string): ReadSpecFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const isBorder = (line = '') => line.trimEnd() === '---';
  const end = lines.findIndex((line, index) => index > 0 && isBorder(line));
  if (!isBorder(lines[0]) || end === -1) {
    const message = isBorder(lines[0])
      ? 'the frontmatter does not end; expected another line "---" below it'
      : 'expected a line "---", then fields such as "id: github-ci", then another "---"';
    return { ok: false, id: undefined, flaws: [{ line: 1, message }] };
  }

  const yaml = readYaml(lines.slice(1, end).join('\n'), 1);
  const found = valueAt(yaml.value, ['id']);
  const id = typeof found === 'string' ? found : undefined;
  if (yaml.error) {
    const { line, message } = yaml.error;
    return { ok: false, id, flaws: [{ line: line + 1, message: `not valid YAML: ${message}` }] };
  }

  const { value, asWritten, problems } = underscored(yaml.value);
  const flawOf = (problem: Problem) => {
    const path = fromPointer(problem.path).map((key, depth) => (depth === 0 ? (asWritten.get(key) ?? key) : key));
    return { line: yaml.lineOf(toPointer(path)) + 1, message: describeProblem(problem) };
  };
  const checked = check(value);
  if (!checked.ok || problems.length > 0) {
    return { ok: false, id, flaws: [...problems, ...(checked.ok ? [] : checked.problems)].map(flawOf) };
  }
  const bodyAt = lines.findIndex((line, index) => index > end && line.trim() !== '');
  const body = bodyAt === -1 ? '' : lines.slice(bodyAt).join('\n').trimEnd();
  return { ok: true, file: { frontmatter: checked.value, body, bodyLine: bodyAt + 1, flawOf } };
}

/** Keys with dashes as keys with underscores. A key that has no value is as if it were not there. */
function underscored(written: unknown) {
  const asWritten = new Map<string, string>();
  const problems: Problem[] = [];
  if (!isObject(written)) return { value: written ?? {}, asWritten, problems };
  const value: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(written)) {
    const name = key.replaceAll('-', '_');
    const other = asWritten.get(name);
    if (other !== undefined) problems.push({ path: toPointer([key]), message: `is the same as ${other}` });
    asWritten.set(name, key);
    if (item !== null || !Object.hasOwn(frontmatterSchema.properties, name)) value[name] = item;
  }
  return { value, asWritten, problems };
}
