import { type Fields, fieldsOf, isFields, isText, parsedJson } from '../fields.ts';

/** What a server says about its failure, in one form, whichever way it says it. */
export interface Failure {
  /** of the answer, or of the failure by its own words where the answer began well; undefined where there is none */
  readonly status: number | undefined;
  /** the vendor's words for it, such as overloaded_error, in any case */
  readonly codes: readonly string[];
  /** for people; '' where it says nothing */
  readonly words: string;
  /** how long it asks to wait */
  readonly retryAfterMs: number;
}

/** The failure that an answer with such a status tells of. Its body is whatever it is, a page included. */
export function failureUnder(status: number, body: string, headers: Headers): Failure {
  const parsed = first(parsedJson(body));
  const said = isFields(parsed) ? read(parsed) : { codes: [], words: typeof parsed === 'string' ? parsed : body };
  return { ...said, status, retryAfterMs: retryAfterMs(headers) };
}

/** The failure that an answer or event under a good status is; undefined where it is none. */
export function failureIn(answer: unknown): Failure | undefined {
  const body = first(answer);
  if (!isFields(body) || !(body.error || body.type === 'error')) return undefined;
  return { ...read(body), retryAfterMs: 0 };
}

/** Some put their error into a list. */
const first = (body: unknown) => (Array.isArray(body) ? body[0] : body);

function read(body: Fields): Pick<Failure, 'status' | 'codes' | 'words'> {
  const inner = fieldsOf(body.error);
  const places = [inner, body];
  const named = places.flatMap((place) => codeFields.map((field) => place[field]));
  return {
    status: places.flatMap((place) => statusFields.map((field) => statusIn(place[field]))).find(Boolean),
    codes: [...named, fieldsOf(inner.details).error_code].filter(isText).filter((code) => code !== 'error'),
    words: [wordsOf(body, inner), upstream(inner)].filter(Boolean).join(': '),
  };
}

const codeFields = ['code', 'type', 'status', 'reason', 'error_code', '__type'] as const;
const statusFields = ['code', 'status', 'status_code', 'statusCode', 'http_status'] as const;

function statusIn(value: unknown): number | undefined {
  const status = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  return status >= 400 && status < 600 ? status : undefined;
}

function wordsOf(body: Fields, inner: Fields): string {
  const { message, detail, msg, error_description, Message } = body;
  const said = [inner.message, inner.detail, inner.msg, body.error, message, detail, msg, error_description, Message];
  const words = said.find((one) => isText(one) || (typeof one === 'object' && one !== null && one !== inner));
  return typeof words === 'string' ? words : words === undefined ? '' : JSON.stringify(words);
}

/** A provider of providers hands on what the one behind it has said. */
function upstream({ metadata }: Fields): string {
  const { raw } = fieldsOf(metadata);
  if (!isText(raw)) return '';
  const parsed = first(parsedJson(raw));
  return isFields(parsed) ? wordsOf(parsed, fieldsOf(parsed.error)) : raw;
}

/** Seconds, with a fraction or without, a date, or ms. */
function retryAfterMs(headers: Headers): number {
  const inMs = Number(headers.get('retry-after-ms') || Number.NaN);
  if (inMs >= 0) return Math.round(inMs);
  const after = headers.get('retry-after')?.trim() ?? '';
  const wait = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return wait > 0 ? Math.round(wait) : 0;
}
