import { Type } from 'typebox';
import { listAlarms } from '../../store/queries/alarms.ts';
import { alarmSchema, alarmView } from '../views/alarm.ts';
import { limit } from './parameters.ts';
import { apiRoute } from './route.ts';

export const getAlarms = apiRoute({
  method: 'GET',
  path: '/alarms',
  about: 'What needs a person: the open alarms first.',
  query: { limit: limit(50) },
  answer: Type.Object({ alarms: Type.Array(alarmSchema) }),
  handle: async ({ store }, { query: { limit } }) => ({ alarms: (await listAlarms(store.read, limit)).map(alarmView) }),
});
