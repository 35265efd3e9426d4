import type { Request, Response, Router } from 'express';
import type { Static, TObject } from 'typebox';
import type { HttpDeps } from '../deps.ts';
import { queryOf } from '../query.ts';
import type { Reader } from '../views/reader.ts';
import { type Parameters, type Query, readParameters } from './parameters.ts';

/** What the handler of a route is given. */
export interface RouteCall<P extends Parameters = Parameters> {
  /** the parts of the path that have a name, decoded */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query<P>;
  /** the query as it came, the last of each name */
  readonly given: Readonly<Record<string, string>>;
  readonly reader: Reader;
}

/**
 * A way into the API: what is asked and what is answered, said once. The check of a query, the types of the commands and `openapi.json`
 * come from it.
 */
export interface ApiRoute<P extends Parameters = Parameters, A extends TObject = TObject> {
  readonly method: 'GET' | 'POST';
  /** below the place where it is mounted: `/runs/:id` */
  readonly path: string;
  /** a sentence */
  readonly about: string;
  readonly query: P;
  /** beside `ok: true` */
  readonly answer: A;
  readonly status: 200 | 202;
  /** Resolves to the answer. Throws HttpError. */
  handle(deps: HttpDeps, call: RouteCall<P>): Promise<Static<A>>;
}

/** A way to what goes on: server-sent events until it has ended. */
export interface StreamRoute {
  readonly method: 'GET';
  readonly path: string;
  readonly about: string;
  /** the events, each with a sentence about its data */
  readonly events: Readonly<Record<string, string>>;
  /** Throws HttpError before the stream begins. */
  stream(deps: HttpDeps, call: Pick<RouteCall, 'params' | 'reader'>, res: Response): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list holds routes of all kinds of queries
export type AnyRoute = ApiRoute<any, any> | StreamRoute;

/** What the answer of a route says. */
export type AnswerOf<R> = R extends ApiRoute<infer _P, infer A> ? { readonly ok: true } & Static<A> : never;

type Given<P extends Parameters, A extends TObject> = Omit<ApiRoute<P, A>, 'query' | 'status'> &
  Partial<Pick<ApiRoute<P, A>, 'query' | 'status'>>;

export function apiRoute<A extends TObject, P extends Parameters = Record<never, never>>(
  given: Given<P, A>,
): ApiRoute<P, A> {
  return { query: {} as P, status: 200, ...given };
}

/** Answers a call by its route. */
export async function serve(
  one: AnyRoute,
  deps: HttpDeps,
  call: Pick<RouteCall, 'params' | 'given' | 'reader'>,
  res: Response,
): Promise<void> {
  if ('stream' in one) return one.stream(deps, call, res);
  const query = readParameters(one.query, call.given, deps.clock.now());
  const answer = await one.handle(deps, { ...call, query });
  res.status(one.status).json({ ok: true, ...(answer as object) });
}

/** Adds the routes to a router of Express; the first that fits a path counts. */
export function mount(router: Router, routes: readonly AnyRoute[], deps: HttpDeps, reader: Reader): void {
  for (const one of routes) {
    const handler = (req: Request, res: Response) =>
      serve(one, deps, { params: req.params as Record<string, string>, given: queryOf(req), reader }, res);
    if (one.method === 'GET') router.get(one.path, handler);
    else router.post(one.path, handler);
  }
}
