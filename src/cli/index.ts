#!/usr/bin/env node
// The first file of the program, and the only one that an older Node may see: no import but the dynamic ones below, since
// loading a native module on a Node that is too old ends the process without a word.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 22)) {
  console.error(`gimli needs Node 22.22 or newer; this is ${process.versions.node}. "npm start" brings its own.`);
  process.exit(1);
}
if (process.argv.includes('serve')) (await import('./memory.ts')).limitYoungHeap();
// Keeps compiled code between starts, which saves a quarter of the time of one.
const { enableCompileCache } = await import('node:module');
enableCompileCache();
const [{ main }, { processIo }] = await Promise.all([import('./program.ts'), import('./io.ts')]);
process.exitCode = await main(process.argv.slice(2), processIo(process));

export {};
