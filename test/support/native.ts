declare global {
  /** set by `environment.js` */
  var importNatively: (url: string) => Promise<unknown>;
}

type Gimli = typeof import('../../src/gimli.ts');
type Program = typeof import('../../src/cli/program.ts');
type ApiSchema = typeof import('./api-schema.ts');
type Supertest = { readonly default: typeof import('supertest') };
type Aimock = typeof import('@copilotkit/aimock');

/*
 * Jest loads all that a test imports anew for each file, which for a whole gateway takes longer than most files do. These are
 * loaded by Node itself, once in each process that runs tests. Their errors are of other classes than those a test imports.
 */

export const nativeGimli = () => importNatively(import.meta.resolve('../../src/gimli.ts')) as Promise<Gimli>;
export const nativeProgram = () => importNatively(import.meta.resolve('../../src/cli/program.ts')) as Promise<Program>;
export const nativeApiSchema = () => importNatively(import.meta.resolve('./api-schema.ts')) as Promise<ApiSchema>;
export const nativeSupertest = () => importNatively('supertest') as Promise<Supertest>;
export const nativeAimock = () => importNatively('@copilotkit/aimock') as Promise<Aimock>;
