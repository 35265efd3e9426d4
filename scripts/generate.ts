// Writes the files, and the parts of files, that derive from the config's schema. `npm test` fails while they are stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configSchema } from '../src/config/schema.ts';
import { configurationPage, editorSchema, withKeysByAction, withSchemes } from './reference.ts';

const page = (name: string) => readFileSync(fileURLToPath(new URL(`../docs/${name}`, import.meta.url)), 'utf8');
const files = {
  'config/gimli.schema.json': `${JSON.stringify(editorSchema(configSchema), null, 2)}\n`,
  'docs/configuration.md': configurationPage(configSchema),
  'docs/mappings.md': withKeysByAction(page('mappings.md')),
  'docs/signatures.md': withSchemes(page('signatures.md')),
};

for (const [name, text] of Object.entries(files)) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
