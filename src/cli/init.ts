import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';

/** The folder of package.json; the same from src/cli and from dist/cli. */
const packageRoot = fileURLToPath(new URL('../../', import.meta.url));
const schemaOfTemplate = './config/gimli.schema.json';
/** What the template reads; the last is for its preset `github`. */
const secretNames = ['GIMLI_HOOK_TOKEN', 'GIMLI_GATEWAY_TOKEN', 'GITHUB_WEBHOOK_SECRET'];

/**
 * Makes a folder ready to serve: a commented gimli.json5, and a `.env` with random secrets that only its owner can read. A file
 * that is there stays as it is, but that a secret missing in `.env` is added to it, and that nobody else can read that from now
 * on. Returns the names of the files.
 */
export function init(dir: string): { written: string[]; kept: string[] } {
  mkdirSync(dir, { recursive: true });
  const steps = [
    { name: 'gimli.json5', wrote: writeConfig(join(dir, 'gimli.json5'), dir) },
    { name: '.env', wrote: writeSecrets(join(dir, '.env')) },
  ];
  const names = (wrote: boolean) => steps.filter((step) => step.wrote === wrote).map(({ name }) => name);
  return { written: names(true), kept: names(false) };
}

function writeConfig(file: string, dir: string): boolean {
  if (existsSync(file)) return false;
  const template = readFileSync(join(packageRoot, 'gimli.json5'), 'utf8');
  writeFileSync(
    file,
    template.replace(schemaOfTemplate, () => schemaFor(dir)),
    { flag: 'wx' },
  );
  return true;
}

/** What `$schema` says in `dir`: editors take a path below the folder, or an address. */
function schemaFor(dir: string): string {
  const schema = join(packageRoot, schemaOfTemplate);
  const path = relative(dir, schema).split(sep).join('/');
  return path.startsWith('../') ? pathToFileURL(schema).href : `./${path}`;
}

function writeSecrets(file: string): boolean {
  const present = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const known = parseEnv(present ?? '');
  const missing = secretNames.filter((name) => !Object.hasOwn(known, name));
  // Whoever wrote it first may have left it open to others.
  if (present !== undefined) chmodSync(file, 0o600);
  if (missing.length === 0) return false;
  const lines = missing.map((name) => `${name}=${randomBytes(32).toString('hex')}\n`).join('');
  if (present === undefined) writeFileSync(file, lines, { flag: 'wx', mode: 0o600 });
  else appendFileSync(file, present === '' || present.endsWith('\n') ? lines : `\n${lines}`);
  return true;
}
