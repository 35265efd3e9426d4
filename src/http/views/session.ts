import { type Static, Type } from 'typebox';
import type { Session, SessionTurn } from '../../store/queries/sessions.ts';
import { count, orNull, time } from './shape.ts';

export const sessionSchema = Type.Object({
  sessionKey: Type.String(),
  turns: count,
  updatedAt: time,
  clearedAt: orNull(time),
});

export function sessionView({ key, turns, updatedAt, clearedAt }: Session): Static<typeof sessionSchema> {
  return { sessionKey: key, turns, updatedAt, clearedAt };
}

export const turnSchema = Type.Object({
  runId: Type.String(),
  name: Type.String(),
  completedAt: orNull(time),
  model: orNull(Type.String()),
  prompt: orNull(Type.String()),
  outputText: orNull(Type.String()),
});

export function turnView(turn: SessionTurn): Static<typeof turnSchema> {
  const { id, name, completedAt, model, prompt, outputText } = turn;
  return { runId: id, name, completedAt, model, prompt, outputText };
}
