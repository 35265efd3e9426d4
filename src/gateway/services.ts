/** A part of a gateway that has something to begin, or to end. */
export interface Service {
  /** for the log, should it not stop */
  readonly name: string;
  start?(): void | Promise<void>;
  /** Settles when nothing of it goes on any more. Asked of one whose start has failed as well. */
  stop?(): void | Promise<void>;
}

/**
 * Starts services in order. Where one cannot start, what has started is stopped again, in reverse, and the error of that start is
 * thrown. Resolves to what stops them all in reverse; one that cannot stop keeps no other from it, and its error is thrown at the end.
 */
export async function startServices(
  services: readonly Service[],
  onStopFailed: (name: string, error: unknown) => void,
): Promise<() => Promise<void>> {
  const started: Service[] = [];
  async function stop(): Promise<void> {
    const errors: unknown[] = [];
    for (let service = started.pop(); service; service = started.pop()) {
      try {
        await service.stop?.();
      } catch (error) {
        onStopFailed(service.name, error);
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
  for (const service of services) {
    started.push(service);
    try {
      await service.start?.();
    } catch (error) {
      await stop().catch(() => {});
      throw error;
    }
  }
  return stop;
}
