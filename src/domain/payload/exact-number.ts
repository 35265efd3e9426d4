import { recordOf } from './record.ts';

// TypeScript does not know it yet: what JSON.stringify writes as it stands (ECMA-262, 25.5.3).
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * A number as its sender wrote it, where JavaScript would change it: 8202522731445525542, 19.90, 1e400. It has no fields of its
 * own, so that no path leads into it, and shows its digits wherever it becomes text or JSON.
 */
export class ExactNumber {
  readonly #digits: string;

  /** @param digits a number by the grammar of JSON */
  constructor(digits: string) {
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits;
  }

  toJSON(): unknown {
    return rawJSON(this.#digits);
  }

  /** The nearest number that JavaScript has, and the largest for what is beyond it. */
  valueOf(): number {
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, Number(this.#digits)));
  }
}

/** Whether JavaScript would write the number otherwise than it stands there. */
export function isChanged(digits: string): boolean {
  return String(Number(digits)) !== digits;
}

/**
 * Whether a value is the literal that the owner wrote. Numbers are compared digit by digit, so 19.90 is 19.9 and
 * 8202522731445525542 is no other; a number that JavaScript would change is also the text of its digits.
 */
export function isLiteral(value: unknown, literal: unknown): boolean {
  if (!(value instanceof ExactNumber)) return value === literal;
  const digits = String(value);
  return typeof literal === 'number' ? decimal(digits) === decimal(String(literal)) : digits === literal;
}

/**
 * The same text for the same number: its digits without zeros at the ends, and where the point is. Its time grows with the length of
 * the digits alone. An exponent of so many digits that no number of the owner has it stays as it was written.
 */
function decimal(digits: string): string {
  const [, sign = '', whole = '', part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(digits) ?? [];
  const all = whole + part;
  let start = 0;
  while (all[start] === '0') start += 1;
  if (start === all.length) return '0';
  let end = all.length;
  while (all[end - 1] === '0') end -= 1;
  const [, direction = '', size = ''] = /^([+-]?)0*(\d+)$/.exec(exponent) ?? [];
  const point =
    size.length > mostExponentDigits
      ? `beyond ${exponent}`
      : BigInt((direction === '-' ? '-' : '') + size) - BigInt(part.length) + BigInt(all.length - end);
  return `${sign}${all.slice(start, end)}e${point}`;
}

/** Digits of an exponent that can still be moved back by the digits of a number: no body has 10^20 bytes. */
const mostExponentDigits = 20;

/** The same text for the same number, however it is written; undefined for what is none. */
export function sameNumber(value: unknown): string | undefined {
  return typeof value === 'number' || value instanceof ExactNumber ? decimal(String(value)) : undefined;
}

/** The value with each exact number as `make` has it; the same value where it holds none. */
function replaceExact(
  value: unknown,
  make: (exact: ExactNumber) => unknown,
  onCopy?: (copy: object, list: object) => void,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof ExactNumber) return make(value);
  if (Array.isArray(value)) {
    const list = value.map((one) => replaceExact(one, make, onCopy));
    if (list.every((one, at) => one === value[at])) return value;
    onCopy?.(list, value);
    return list;
  }
  let changed = false;
  const entries = Object.entries(value).map(([name, before]) => {
    const after = replaceExact(before, make, onCopy);
    changed ||= after !== before;
    return [name, after] as const;
  });
  return changed ? recordOf(entries) : value;
}

/**
 * For what calculates, such as schemas: numbers as JavaScript has them.
 * @param onCopy hears of each list that had to be copied, with the one that was sent
 */
export function asNumbers(value: unknown, onCopy?: (copy: object, list: object) => void): unknown {
  return replaceExact(value, (exact) => exact.valueOf(), onCopy);
}

/** For what would lose digits, such as the owner's own code: the numbers that JavaScript would change are strings. */
export function asStrings(value: unknown): unknown {
  return replaceExact(value, String);
}
