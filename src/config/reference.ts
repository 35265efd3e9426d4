import type { TSchema } from 'typebox';
import { expectation, type JsonSchema, mapSchema } from './json-schema.ts';
import { restartKeys } from './restart.ts';

/**
 * What `config/gimli.schema.json` and `docs/configuration.md` say, derived from the schema. `scripts/generate.ts` writes the
 * files and a test keeps them fresh; the gateway itself needs none of this.
 */

/** The schema as editors need it: what has a default may be left out, and `${NAME}` may stand for any value. */
export function editorSchema(schema: TSchema): JsonSchema & { $schema: string } {
  const relaxed = mapSchema(schema as JsonSchema, (part) => withPlaceholders(withOptionalDefaults(part)));
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Gimli configuration', ...relaxed };
}

function withOptionalDefaults(schema: JsonSchema): JsonSchema {
  const required = schema.required?.filter((key) => schema.properties?.[key]?.default === undefined) ?? [];
  const { required: _, ...rest } = schema;
  return required.length > 0 ? { ...rest, required } : rest;
}

const placeholder = '\\$\\{.+\\}';

function withPlaceholders(schema: JsonSchema): JsonSchema {
  if (schema.pattern && schema.pattern !== '\\S') return { ...schema, pattern: `${schema.pattern}|${placeholder}` };
  if (!schema.enum && !['integer', 'number', 'boolean'].includes(schema.type ?? '')) return schema;
  const { description, default: fallback, ...plain } = schema;
  return {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [plain, { type: 'string', pattern: placeholder }],
  };
}

const intro = `<!-- Generated from src/config/schema.ts by \`npm run generate\`. Do not edit. -->

# Configuration

Gimli reads one [JSON5](https://json5.org) file: JSON with comments, trailing commas and keys without quotes. \`gimli init\` writes
one to start from, and [config/examples](../config/examples) has more. \`gimli check\` says what is wrong with yours, each
problem with its line, and prints the mappings that are in force.

**Where it is found.** The first of: \`--config FILE\`, the variable \`GIMLI_CONFIG\`, \`./gimli.json5\`, \`~/.gimli/gimli.json5\`.
Relative paths in the file count from the folder it is in; \`~/\` is your home directory.

**Secrets and other variables.** \`\${NAME}\` in any string is replaced by the environment variable, \`\${NAME:-default}\` by the
default where it is unset or empty. Variables may also stand in a file \`.env\` beside the config; the real environment wins. A
variable that is not set is an error. A value that is nothing but a placeholder may stand for a number or a boolean, such as
\`port: '\${PORT:-18789}'\`. A plain \`\${\` is written \`$\${\`.

**Tokens and secrets** count without blanks, line breaks and quotes round them, which come along when they are pasted; a warning says so. One of
fewer than 20 characters is taken, with a warning: it can be guessed. \`openssl rand -hex 24\` makes a good one. A blank one is an error, and so is a
token with a line break inside.

**Reload.** A saved change of the config, of \`.env\`, of a preset file or of a transform counts at once, for the requests after it.
A version with an error in it is refused and logged, and the last good one stays in force. These keys are read at the start
only, and a change of them is logged with a note to restart: ${restartKeys.map((key) => `\`${key}\``).join(', ')}.

**Unknown keys** are errors, so that a typing mistake does not go unnoticed.

**In your editor.** \`$schema: './config/gimli.schema.json'\` at the top of the file gives completion and checks in editors that
know JSON Schema; the path is that of the file in the installed package.
`;

const notes: Readonly<Record<string, string>> = {
  'hooks.mappings[]': `The first mapping that matches a request decides what becomes of it: yours before those of presets, those before the built-in
\`wake\` and \`agent\`. A condition in \`match.headers\` or \`match.payload\` is a path and what stands there: a literal, a list of
literals, or \`{regex: '…'}\`. Templates are [mustache](https://mustache.github.io/mustache.5.html): \`{{messages[0].subject}}\` is
from the payload; \`{{headers.x}}\`, \`{{query.x}}\`, \`{{path}}\` and \`{{now}}\` are from the request.`,
  'hooks.<preset>':
    "Changes every mapping of an enabled preset; the key is its name in `hooks.presets`, or the name of its file without `.json5`. `verify` is as in `hooks.mappings[].verify` and takes the place of all that the preset says of it; the variable with the preset's secret need not be set then.",
};

/** The page that lists every key with its type, default and meaning. */
export function configurationPage(schema: TSchema): string {
  return [intro, ...sections(schema as JsonSchema, '')].join('\n');
}

/** A section for an object and one for each object below it; keys that hold no such object are the rows of its table. */
function sections(schema: JsonSchema, path: string): string[] {
  const entries = Object.entries(schema.properties ?? {}).filter(([key]) => !key.startsWith('$'));
  const rows = entries
    .filter(([, property]) => !property.properties)
    .map(([key, property]) => row(path, key, property, schema));
  const texts = [schema.description, notes[path]].filter((text) => text !== undefined);
  const own = [`## \`${path}\`\n`, ...texts.map((text) => `${text}\n`), ...tableHead, ...rows, ''];
  const below = entries.flatMap(([key, property]) => sectionsBelow(property, path === '' ? key : `${path}.${key}`));
  return [...(rows.length > 0 ? own : []), ...below, ...overlaySections(schema)];
}

const tableHead = ['| key | type | default | meaning |', '|---|---|---|---|'];

function sectionsBelow(property: JsonSchema, path: string): string[] {
  if (property.properties) return sections(property, path);
  if (property.items?.properties) return sections(property.items, `${path}[]`);
  const [named] = Object.values(property.patternProperties ?? {});
  return named?.properties ? sections(named, `${path}.<id>`) : [];
}

/**
 * The only keys beside the known ones are those of presets. What an overlay leaves out stays: it has no defaults. Objects in it
 * are as in a mapping, and have their own sections there.
 */
function overlaySections({ additionalProperties: overlay }: JsonSchema): string[] {
  if (typeof overlay !== 'object') return [];
  const properties = Object.entries(overlay.properties ?? {}).map(([key, property]) => {
    const { default: _, properties: __, ...rest } = property;
    return [key, rest];
  });
  return sections({ ...overlay, properties: Object.fromEntries(properties) }, 'hooks.<preset>');
}

function row(path: string, key: string, property: JsonSchema, parent: JsonSchema): string {
  const restart = restartKeys.includes(`${path}.${key}`) ? ' **Needs a restart.**' : '';
  const required = parent.required?.includes(key) ?? false;
  const fallback =
    property.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(property.default)}\``;
  const cells = [`\`${key}\``, typeOf(property), fallback, `${property.description ?? ''}${restart}`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  return expectation(schema)
    .replace(/^an? /, '')
    .replace(/non-(blank|empty) /, '');
}
