import { randomUUID } from 'node:crypto';
import { compileSchema } from '../config/ajv.ts';
import { agentFields } from '../domain/action.ts';
import { InvalidEvent } from '../domain/errors.ts';
import { mainSession, oneLine } from '../domain/run.ts';
import type { Resolve, Text } from '../domain/text.ts';
import { render } from './render.ts';

const checkLength = compileSchema(agentFields.sessionKey);

/** The key of a conversation that nobody else has. */
export function freshSessionKey(): string {
  return `hook:${randomUUID()}`;
}

/** What renders empty becomes random, so that strangers' events never share a conversation by accident. */
export function renderSessionKey(text: Text, resolve: Resolve): string {
  return render(text, resolve, (value) => oneLine(value, Infinity) || randomUUID());
}

/** The key in one line. Throws InvalidEvent for one that no run may have. */
export function checkSessionKey(sessionKey: string): string {
  const problem = sessionKeyProblem(sessionKey);
  if (problem !== undefined) throw new InvalidEvent(`sessionKey: ${problem}`);
  return oneLine(sessionKey, Infinity);
}

/** Why no run may have the key: it is that of the owner's own session, blank or too long; undefined where one may. */
export function sessionKeyProblem(sessionKey: string): string | undefined {
  const key = oneLine(sessionKey, Infinity);
  if (key.toLowerCase() === mainSession)
    return `"${mainSession}" is the session of the owner; choose another, such as "hook:…"`;
  const checked = checkLength(key);
  return checked.ok ? undefined : checked.problems[0]?.message;
}
