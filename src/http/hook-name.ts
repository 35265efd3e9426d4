/** The name that a path ends in; undefined where it is not valid percent-encoding. */
export function decodeName(path: string): string | undefined {
  // No /\/+$/: before a last character that is no slash it takes time that grows with the square of their number.
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  try {
    return decodeURIComponent(path.slice(0, end));
  } catch {
    return undefined;
  }
}
