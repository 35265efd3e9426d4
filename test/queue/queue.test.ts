import { describe } from '@jest/globals';
import { drivers } from '../store/drivers.ts';
import { queueConformance } from './conformance.ts';

describe.each(drivers())('the queue on $name', queueConformance);
