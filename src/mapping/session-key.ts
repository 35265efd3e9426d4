import { hash, randomUUID } from 'node:crypto';
import { InvalidEvent } from '../domain/errors.ts';
import { mainSession, oneLine } from '../domain/run.ts';
import { compileSchema } from '../schema/ajv.ts';
import { lettersSeen } from './look-alikes.ts';
import { agentFields } from './settings/action-schema.ts';

const checkLength = compileSchema(agentFields.sessionKey);

/** The key of a conversation that nobody else has. */
export function freshSessionKey(): string {
  return `hook:${randomUUID()}`;
}

/** What nobody sees; a braille cell without a dot and a note without a head are signs for Unicode, and blank for readers. */
const unseen = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u{2800}\u{1D159}]/gu;

/** A text in one line, without what nobody sees. */
export function cleanKey(text: string): string {
  return oneLine(text.toWellFormed().replace(unseen, ''), Infinity);
}

/**
 * The key in one line; where more than blanks at its ends was left out, with a hash of what it was, so that it is no other's.
 * Throws InvalidEvent for one that no run may have.
 */
export function checkSessionKey(sessionKey: string): string {
  const problem = sessionKeyProblem(sessionKey);
  if (problem !== undefined) throw new InvalidEvent(`sessionKey: ${problem}`);
  const key = cleanKey(sessionKey);
  return key === sessionKey.trim() ? key : `${key}~${hash('sha256', JSON.stringify(sessionKey)).slice(0, 32)}`;
}

/** Why no run may have the key: it is that of the owner's own session, blank or too long; undefined where one may. */
export function sessionKeyProblem(sessionKey: string): string | undefined {
  const key = cleanKey(sessionKey);
  if (readsAsMain(key)) return `"${mainSession}" is the session of the owner; choose another, such as "hook:…"`;
  const checked = checkLength(key);
  return checked.ok ? undefined : checked.problems[0]?.message;
}

/** Whether a reader takes the key for that of the owner. */
export function readsAsMain(key: string): boolean {
  return key.length <= mostLetters && lettersSeen(key) === mainSession;
}

/** No more can read as four letters, whatever alphabet they are of. */
const mostLetters = 20;
