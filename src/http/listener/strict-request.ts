import http, { type IncomingMessage } from 'node:http';
import type { RefusalCode } from '../../domain/refusal.ts';

/** Why a request is refused before anything looks at it. */
export interface Fault {
  readonly code: Extract<RefusalCode, 'request' | 'timeout' | 'head-too-large' | 'busy'>;
  /** for the caller, and for the owner who wonders */
  readonly reason: string;
}

/** No sender has so many; 16 KiB would take thousands of empty ones, each with a place in memory. */
const mostHeaders = 200;

/**
 * What Node's parser lets through and two readers may understand in two ways, such as a proxy and this gateway: where a request
 * ends, and for whom it is.
 */
export function faultOf({ httpVersion, rawHeaders, headers }: IncomingMessage): Fault | null {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return bad('this is no request of HTTP/1.1 or HTTP/1.0');
  if (rawHeaders.length > mostHeaders * 2) {
    return { code: 'head-too-large', reason: `there are more than ${mostHeaders} headers` };
  }
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) return bad('the header Host is there more than once');
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return null;
  if (httpVersion === '1.0') return bad('HTTP/1.0 has no Transfer-Encoding: send Content-Length');
  return coding.toLowerCase() === 'chunked' ? null : bad('the only Transfer-Encoding that is read is chunked');
}

/** A tunnel through this gateway leads nowhere. */
export const faultOfConnect: Fault = bad('this is no proxy: it does not CONNECT to anything');

/** What is wrong with what Node could not read, or did not wait for. */
export function faultOfError({ code }: NodeJS.ErrnoException): Fault {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'timeout', reason: 'the request took too long to arrive' };
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'head-too-large', reason: `the URL and the headers are larger than ${http.maxHeaderSize} bytes` };
    default:
      return bad('this is not an HTTP request');
  }
}

function bad(reason: string): Fault {
  return { code: 'request', reason };
}
