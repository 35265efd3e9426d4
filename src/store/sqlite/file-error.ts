import { StoreError } from '../../domain/errors.ts';

/** By its code, not its class: the native module knows one SqliteError, however often the package is loaded. */
export function isFileError(error: unknown): error is { readonly code: string; readonly message: string } {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === 'string' && (code.startsWith('SQLITE_') || syscall !== undefined);
}

/** Errors of the file become StoreErrors; a constraint is a bug of ours, and anything else belongs to the caller. */
export function asStoreError(file: string, error: unknown): unknown {
  if (!isFileError(error) || error.code.startsWith('SQLITE_CONSTRAINT') || error.code === 'SQLITE_ERROR') return error;
  return new StoreError(`cannot use the store ${file}: ${error.message} (${error.code})`, { cause: error });
}
