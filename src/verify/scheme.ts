import type { TProperties } from 'typebox';
import type { Problem } from '../schema/problem.ts';
import type { OptionsOf } from './options.ts';
import type { Handshake, Judge, SignedRequest, Verifier, VerifierDeps } from './verifier.ts';

/** A way in which senders prove who they are: a record of `catalog.ts`, which says all that the rest knows of it. */
export interface Scheme<Name extends string = string, Options extends TProperties = TProperties> {
  /** `verify.scheme` */
  readonly name: Name;
  /** what it takes of the other keys of `verify` */
  readonly options: Options;
  /** the options that it cannot do without; `secrets` does for `secret` */
  readonly needs: readonly string[];
  /** What would be right in place of a secret that is not blank; null where it is right. It never says what was found. */
  checkSecret?(secret: string, options: OptionsOf<Options>): string | null;
  /**
   * What else no schema can say, each problem with its JSON pointer within `verify`. A value may be of any type: what is of a wrong one
   * is left to the schema.
   */
  check?(options: OptionsOf<Options>): Problem[];
  /** how it is called; POST alone unless given, GET only where its handshake is one */
  readonly methods?: Verifier['methods'];
  /** The answer to a handshake, which is no event; null for everything else. */
  handshake?(request: SignedRequest, payload: unknown): Handshake | null;
  /** what its sender posts, where that is not JSON */
  readonly posts?: 'form';
  /** headers that belong together, of those that its sender always names alike: what may travel on, and what must not */
  readonly headers?: readonly HeaderSet[];
  /** Makes what judges requests. It never throws over options that `checkVerify` would refuse: without a usable secret it accepts nothing. */
  createJudge(options: OptionsOf<Options>, deps: VerifierDeps): Judge;
}

/** Header names that belong together, in lower case. */
export interface HeaderSet {
  /** each may hold signatures; one of them must be there */
  readonly signatures: readonly [string, ...string[]];
  readonly timestamp?: string;
  /** the first that came is the id of the delivery */
  readonly ids?: readonly [string, ...string[]];
}

/** A record of its own type, so that its functions know its options. */
export function defineScheme<const Name extends string, Options extends TProperties>(
  scheme: Scheme<Name, Options>,
): Scheme<Name, Options> {
  return scheme;
}
