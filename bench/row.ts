import type { Child } from './child.ts';

/** What a row needs to know of this run of the bench. Every server it starts lives in a new folder below `dir`. */
export interface Bench {
  readonly dir: string;
  readonly quick: boolean;
  /** how long the memory row keeps up the load */
  readonly minutes: number;
  /** started when first asked for, and paused */
  readonly base: () => Promise<Child>;
  /** address of a model server that never answers */
  readonly silentServer: string;
  /** for long steps, to whoever is watching */
  readonly note: (line: string) => void;
}

/** A line of the table. */
export interface Result {
  readonly row: string;
  readonly measured: string;
  readonly ratio?: number;
  /** what DESIGN asks for, in words; absent for a row that only informs */
  readonly bar?: string;
  readonly met?: boolean;
  /** the figures behind it, for --json */
  readonly figures: Record<string, number | number[]>;
}

/** Something to measure, by the name that selects it on the command line. Throws where something broke. */
export interface Row {
  readonly name: string;
  run(bench: Bench): Promise<Result[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

export function quantiles(values: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = Float64Array.from(values).sort();
  const quantile = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
  return { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
}

/** By how much a value rises in a minute, by least squares. */
export function slope(samples: readonly { minute: number; value: number }[]): number {
  const mean = (of: 'minute' | 'value') => samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length;
  const [minute, value] = [mean('minute'), mean('value')];
  const rise = samples.reduce((sum, sample) => sum + (sample.minute - minute) * (sample.value - value), 0);
  return rise / samples.reduce((sum, sample) => sum + (sample.minute - minute) ** 2, 0);
}
