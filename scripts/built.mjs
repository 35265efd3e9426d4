// Knows what dist was built from. Comparing times would take a build that broke off for a fresh one.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';

const stamp = '.built-from.json';

export function isBuilt() {
  return existsSync(`dist/${stamp}`) && readFileSync(`dist/${stamp}`, 'utf8') === sources();
}

/** @param from what `sources` said before the build began, so that an edit made meanwhile asks for another build */
export function markBuilt(folder, from) {
  writeFileSync(`${folder}/${stamp}`, from);
}

/** Differs once a file that the build depends on has been added, removed or written. */
export function sources() {
  return JSON.stringify(['package-lock.json', 'tsconfig.json', 'src'].flatMap(describe), null, 1);
}

function describe(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return `${path} ${stat.size} ${stat.mtimeMs}`;
  return readdirSync(path)
    .sort()
    .flatMap((name) => describe(`${path}/${name}`));
}
