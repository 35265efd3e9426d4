import { createIds } from '../../src/domain/id.ts';

export const newId = createIds();
