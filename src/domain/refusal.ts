/**
 * Why a call is refused: the code that stands beside the words of the answer, and the HTTP status that goes with it. Nothing else
 * decides on such a status.
 */
export const refusalStatus = {
  /** no request that can be read in one way only */
  request: 400,
  /** a parameter of the query is not what it may be */
  parameter: 400,
  /** the name in the path is none */
  name: 400,
  /** the token stands in the URL, where it is not taken */
  'token-in-url': 400,
  /** the body or the idempotency key cannot be read */
  unreadable: 400,
  /** the body was read and does not fit what its hook needs */
  invalid: 400,
  'hung-up': 400,
  unauthorized: 401,
  'not-found': 404,
  method: 405,
  timeout: 408,
  conflict: 409,
  'too-large': 413,
  encoding: 415,
  /** an idempotency key that came before with something else */
  'key-reused': 422,
  'locked-out': 429,
  'head-too-large': 431,
  /** the owner's transform failed */
  transform: 500,
  internal: 500,
  /** what answers for the hook does not load */
  'not-loaded': 503,
  'not-stored': 503,
  /** what the proof is checked with cannot be had */
  'not-checked': 503,
  /** too many connections, requests or bodies */
  busy: 503,
} as const;

export type RefusalCode = keyof typeof refusalStatus;
