import { randomUUID } from 'node:crypto';
import { compileSchema } from '../config/ajv.ts';
import { agentFields } from '../domain/action.ts';
import { InvalidEvent } from '../domain/errors.ts';
import { mainSession, oneLine } from '../domain/run.ts';
import { type Resolve, referenceValue, type Text } from '../domain/text.ts';

const checkLength = compileSchema(agentFields.sessionKey);

/** The key of a conversation that nobody else has. */
export function freshSessionKey(): string {
  return `hook:${randomUUID()}`;
}

/** What renders empty becomes random, so that strangers' events never share a conversation by accident. */
export function renderSessionKey(text: Text, resolve: Resolve): string {
  return text
    .map((part) => (typeof part === 'string' ? part : oneLine(referenceValue(part, resolve), Infinity) || randomUUID()))
    .join('');
}

/** The key in one line. Throws InvalidEvent for the owner's own session, and for a key that is blank or too long. */
export function checkSessionKey(sessionKey: string): string {
  const key = oneLine(sessionKey, Infinity);
  if (key.toLowerCase() === mainSession) {
    throw new InvalidEvent(
      `sessionKey: "${mainSession}" is the session of the owner; choose another, such as "hook:…"`,
    );
  }
  const checked = checkLength(key);
  if (!checked.ok) throw new InvalidEvent(`sessionKey: ${checked.problems[0]?.message}`);
  return key;
}
