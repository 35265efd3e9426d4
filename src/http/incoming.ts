import type { Request } from 'express';

/** The name that a path ends in; undefined where it is not valid percent-encoding. */
export function nameOf(path: string): string | undefined {
  // No /\/+$/: before a last character that is no slash it takes time that grows with the square of their number.
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  try {
    return decodeURIComponent(path.slice(0, end));
  } catch {
    return undefined;
  }
}

/** The bytes as they came, or 'too large' as soon as that is clear: the last byte may be long in coming. Rejects when the sender is gone. */
export function readBody(req: Request, limit: number): Promise<Buffer | 'too large'> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > limit) return resolve('too large');
    const chunks: Buffer[] = [];
    let received = 0;
    req.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > limit) resolve('too large');
      else chunks.push(chunk);
    });
    req.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    req.on('error', () => reject(Object.assign(new Error('the sender hung up'), { status: 400 })));
  });
}
