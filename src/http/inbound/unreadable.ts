import { messageOf } from '../../domain/errors.ts';
import { visible } from '../../domain/text/invisible.ts';

/** Characters of a body that its sender is shown. */
const longestShown = 60;

/** Why a body cannot be read, with how it begins, so that its sender sees what came. */
export function whyUnreadable(error: unknown, body: Buffer): string {
  if (error instanceof RangeError) return error.message;
  return visible(`the body is not JSON: ${messageOf(error)}; it begins with: ${beginning(body)}`);
}

function beginning(body: Buffer): string {
  const text = new TextDecoder().decode(body.subarray(0, longestShown * 4), { stream: true });
  return [...text].slice(0, longestShown).join('');
}
