// Writes the files, and the parts of files, that derive from the config's schema. `npm test` fails while they are stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configSchema } from '../src/config/schema.ts';
import { configurationPage, editorSchema, withKeysByAction } from './reference.ts';

const mappingsPage = fileURLToPath(new URL('../docs/mappings.md', import.meta.url));
const files = {
  'config/gimli.schema.json': `${JSON.stringify(editorSchema(configSchema), null, 2)}\n`,
  'docs/configuration.md': configurationPage(configSchema),
  'docs/mappings.md': withKeysByAction(readFileSync(mappingsPage, 'utf8')),
};

for (const [name, text] of Object.entries(files)) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
