// Keeps a busy gateway small, however it is started. By itself Node takes memory for a speed that is not felt here: the young
// part of its heap may grow to three times 64 MB, and the rest to four times what is in use before it is cleared.
import { setFlagsFromString } from 'node:v8';

const ofUsers = /--(?:max|min)[-_]semi[-_]space[-_]size\b/;

/**
 * Limits the young part of the heap, unless the user did. Node is told of that at its start alone, so the process begins again,
 * with the same id and the same open streams.
 */
export function limitYoungHeap(): void {
  const { execve, execPath, argv0, execArgv, argv, env } = process;
  if (ofUsers.test(`${execArgv.join(' ')} ${env.NODE_OPTIONS}`) || !canBeginAgain()) return;
  execve?.(execPath, [argv0, ...execArgv, '--max-semi-space-size=8', ...argv.slice(1)], { ...frugal, ...env });
}

/**
 * For the allocator of glibc: by itself it comes to keep blocks as large as the largest body that came, in as many places as there
 * are threads, long after those are free. A chunk that Node has read is just under 64 KB, so what is half as long already goes back at
 * once. Others look at none of these.
 */
const frugal = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TRIM_THRESHOLD_: '262144' };

/** Not where Node could not or may not, nor where that would cut it off from a parent that it exchanges messages with. */
function canBeginAgain(): boolean {
  const { platform, permission, channel } = process;
  return platform !== 'win32' && !channel && (permission?.has('child') ?? true);
}

/**
 * Has the old part of the heap cleared when it has grown by half. Only while the gateway serves: compiled code that is kept, Node's
 * own too, is good for the flags under which it was made, and a start without it takes longer.
 */
export function limitHeapGrowth(): { end(): void } {
  setFlagsFromString('--heap-growing-percent=50');
  return { end: () => setFlagsFromString('--heap-growing-percent=0') };
}
