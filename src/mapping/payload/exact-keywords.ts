import type { FuncKeywordDefinition, SchemaValidateFunction } from 'ajv';
import { sameNumber } from '../../domain/payload/exact-number.ts';

/**
 * The keywords of a schema that Ajv would judge by numbers as JavaScript has them: 19.9 is a multiple of 0.01, and ids that differ in
 * their last digits are no duplicates. Their time grows with the length of the value.
 * @param asSent the list as it was sent, of one in which numbers were changed
 */
export function exactKeywords(asSent: (list: object) => object | undefined): FuncKeywordDefinition[] {
  const uniqueItems: SchemaValidateFunction = (isAsked: boolean, list: unknown[]) => {
    const twice = isAsked ? firstTwice((asSent(list) ?? list) as unknown[]) : undefined;
    if (!twice) return true;
    const message = `must NOT have duplicate items (items ## ${twice[0]} and ${twice[1]} are identical)`;
    uniqueItems.errors = [{ keyword: 'uniqueItems', message, params: { i: twice[1], j: twice[0] } }];
    return false;
  };
  const multipleOf: SchemaValidateFunction = (of: number, value: number) => {
    if (isMultiple(value, of)) return true;
    multipleOf.errors = [{ keyword: 'multipleOf', message: `must be multiple of ${of}`, params: { multipleOf: of } }];
    return false;
  };
  return [
    { keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', errors: true, validate: uniqueItems },
    { keyword: 'multipleOf', type: 'number', schemaType: 'number', errors: true, validate: multipleOf },
  ];
}

function firstTwice(list: readonly unknown[]): [number, number] | undefined {
  const places = new Map<string, number>();
  for (const [at, value] of list.entries()) {
    const text = sameText(value);
    const before = places.get(text);
    if (before !== undefined) return [before, at];
    places.set(text, at);
  }
  return undefined;
}

/** The same text for the same value, whatever the order of its names and however its numbers are written. */
function sameText(value: unknown): string {
  const number = sameNumber(value);
  if (number !== undefined) return number;
  if (Array.isArray(value)) return `[${value.map(sameText).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).toSorted();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sameText((value as Record<string, unknown>)[name])}`)}}`;
}

/** As people calculate, by the digits of both. */
function isMultiple(value: number, of: number): boolean {
  const [one, other] = [partsOf(value), partsOf(of)];
  const lowest = Math.min(one.exponent, other.exponent);
  const scaled = ({ digits, exponent }: typeof one) => digits * 10n ** BigInt(exponent - lowest);
  return scaled(one) % scaled(other) === 0n;
}

function partsOf(number: number): { digits: bigint; exponent: number } {
  const [, whole = '0', part = '', exponent = '0'] = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number)) ?? [];
  return { digits: BigInt(whole + part), exponent: Number(exponent) - part.length };
}

const exactBounds = new Set([
  'const',
  'enum',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
]);

/**
 * Where a schema of the owner holds a number that lost digits when the file was read, as in `properties.id.const`; undefined where
 * none did.
 */
export function inexactAt(schema: unknown, path: readonly string[] = [], counts = false): string | undefined {
  if (typeof schema === 'number') {
    return counts && Math.abs(schema) > Number.MAX_SAFE_INTEGER ? path.join('.') : undefined;
  }
  if (typeof schema !== 'object' || schema === null) return undefined;
  for (const [name, value] of Object.entries(schema)) {
    const found = inexactAt(value, [...path, name], counts || exactBounds.has(name));
    if (found !== undefined) return found;
  }
  return undefined;
}
