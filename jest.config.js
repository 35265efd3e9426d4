export default {
  testEnvironment: './test/support/environment.js',
  testSequencer: './test/support/sequencer.js',
  // Both cores, since most tests wait for servers; and time for a machine that is busy.
  maxWorkers: '100%',
  testTimeout: 30_000,
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
};
