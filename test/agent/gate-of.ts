import { type Remedy, remedies, type Trouble } from '../../src/domain/trouble.ts';

/** At which gate runs wait for the provider `p` that is in such trouble; undefined for what is trouble of the run alone. */
export function gateOf(trouble: Trouble | string): string | undefined {
  const { again }: Remedy = remedies[trouble as Trouble];
  return again === 'gate' ? 'p' : undefined;
}
