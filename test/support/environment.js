import { enableCompileCache, flushCompileCache } from 'node:module';
import { TestEnvironment } from 'jest-environment-node';

// What is imported natively is TypeScript, whose types are stripped anew at each start unless the outcome is kept.
enableCompileCache();

/** Node's environment, with a way out of it: see `native.ts`. */
export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.importNatively = (url) => import(url);
  }

  async teardown() {
    await super.teardown();
    // Not left to the end of the process, for which jest has little patience.
    flushCompileCache();
  }
}
