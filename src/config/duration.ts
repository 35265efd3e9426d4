const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a time such as `90s`, `30m` or `1h`; a number without a unit counts minutes. Expects a checked config. */
export function durationMs(text: string): number {
  const unit = text.match(/[a-z]+$/)?.[0] as keyof typeof units | undefined;
  return Number.parseFloat(text) * units[unit ?? 'm'];
}
