/** Where everything is kept. */
export interface StorePlace {
  readonly kind: 'sqlite';
  /** its path */
  readonly file: string;
}

const scheme = 'sqlite:';

/** What `store.url` must be like, as a regular expression. */
export const storeUrlPattern = `^${scheme}.+`;

/** What `store.url` says. It has been checked with the config. */
export function storeOf(url: string): StorePlace {
  return { kind: 'sqlite', file: url.slice(scheme.length) };
}

export function storeUrlOf({ file }: StorePlace): string {
  return scheme + file;
}

/** The first `url` in a text which is no JSON5 any more that could be the store's. */
export function findStoreUrl(text: string): string | undefined {
  return new RegExp(`\\burl["']?\\s*:\\s*(["'])(${scheme}.+?)\\1`).exec(text)?.[2];
}
