import type { Call } from './call.ts';
import { Refused } from './refused.ts';

export function checkPath({ target }: Call): void {
  if (target.lost) throw target.lost;
}

export function checkUrlToken({ target, urlToken, res }: Call): void {
  if (urlToken === undefined) return;
  if (target.tokenInUrl === 'refused') {
    const message = 'a token in the URL is refused here: send it as the header Authorization: Bearer';
    throw new Refused('token in the URL', 'token-in-url', message);
  }
  res.set('Deprecation', 'true');
}

export function checkMethod({ target: { methods }, req }: Call): void {
  if (methods.includes(req.method)) return;
  const headers = { Allow: methods.join(', ') };
  throw new Refused('method', 'method', `use ${methods.join(' or ')}`, { headers });
}

export function checkName({ target }: Call): void {
  if (target.nameless) throw target.nameless;
}
