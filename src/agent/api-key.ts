import { keyVariables } from './built-in-providers.ts';

/** Why no request with this key can succeed; undefined where one may. */
export function keyProblem(apiKey: string | undefined, provider: string): string | undefined {
  const setting = `agents.providers.${provider}.apiKey`;
  if (!apiKey) {
    const variable = keyVariables.get(provider);
    return `provider "${provider}" has no API key: set ${variable === undefined ? '' : `${variable} or `}${setting}`;
  }
  // Said here and without the key: fetch would quote it in its own error.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    return `the API key of provider "${provider}" holds characters that no key has: check ${setting}`;
  }
  return undefined;
}
