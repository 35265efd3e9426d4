import { describe } from '@jest/globals';
import { storeConformance } from './conformance.ts';
import { drivers } from './drivers.ts';

describe.each(drivers())('the store on $name', storeConformance);
