// Writes the files that derive from the config's schema. `npm test` fails while they are stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationPage, editorSchema } from '../src/config/reference.ts';
import { configSchema } from '../src/config/schema.ts';

const files = {
  'config/gimli.schema.json': `${JSON.stringify(editorSchema(configSchema), null, 2)}\n`,
  'docs/configuration.md': configurationPage(configSchema),
};

for (const [name, text] of Object.entries(files)) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
