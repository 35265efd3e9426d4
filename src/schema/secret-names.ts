const secretNames = /^(token|secrets?|apiKey|verifyToken)$/i;

/** Whether a setting holds a secret. */
export function isSecretPath(path: readonly string[]): boolean {
  return path.some((name) => secretNames.test(name));
}

/** What environments and headers call theirs. */
export const likelyNames = /token|secret|passw|passphrase|pwd|key(?!board)|auth(?!or)|credential|dsn|cookie|signature/i;
