import { type Static, Type } from 'typebox';
import type { AlarmRow } from '../../store/queries/alarms.ts';
import { count, orNull, time } from './shape.ts';

export const alarmSchema = Type.Object({
  cause: Type.String({ description: 'Such as `provider:anthropic`.' }),
  sentence: Type.String(),
  remedy: Type.String(),
  count,
  since: time,
  lastAt: time,
  endedAt: orNull(Type.Integer({ description: 'Epoch ms; null while it is open.' })),
});

export function alarmView(alarm: AlarmRow): Static<typeof alarmSchema> {
  const { cause, sentence, remedy, count, since, lastAt, endedAt } = alarm;
  return { cause, sentence, remedy, count, since, lastAt, endedAt };
}
