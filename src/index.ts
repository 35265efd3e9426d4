export { ConfigError, StoreError } from './domain/errors.ts';
export { createGimli, type Gimli, type GimliOptions } from './gimli.ts';
export { defineTransform, type Transform, type TransformContext } from './mapping/transform/define-transform.ts';
