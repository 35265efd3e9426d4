/** What the bench uses of autocannon, which comes without types. */
declare module 'autocannon' {
  interface Options {
    url: string;
    method: 'POST';
    headers: Record<string, string>;
    body: string;
    connections: number;
    /** seconds */
    duration?: number;
    /** of requests, instead of a duration */
    amount?: number;
  }

  interface Result {
    /** seconds, until the last sample was taken */
    duration: number;
    errors: number;
    timeouts: number;
    non2xx: number;
    '2xx': number;
  }

  interface Tracker extends PromiseLike<Result> {
    on(event: 'response', listener: (client: unknown, status: number, bytes: number, ms: number) => void): this;
  }

  export default function autocannon(options: Options): Tracker;
}
