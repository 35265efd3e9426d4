// The base of every ratio: what any Express server must do for such a request, and no more.
// Without ETag and X-Powered-By, as Gimli: the base should be as fast as it can be.
import { hash, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { hookToken } from './config.ts';

const digest = (text: string) => hash('sha256', text, 'buffer');
const expected = digest(`Bearer ${hookToken}`);
// As long as the answer to an accepted run.
const id = '019abc12-3456-7890-abcd-ef0123456789';

const app = express().disable('etag').disable('x-powered-by');
app.use(express.raw({ type: () => true, limit: 262_144 }));
app.post('/hooks/:hook', (req, res) => {
  if (!timingSafeEqual(digest(req.headers.authorization ?? ''), expected)) {
    res.status(401).json({ ok: false, error: 'unauthorized' });
    return;
  }
  const payload: unknown = JSON.parse(req.body.toString('utf8'));
  res.status(202).json({ ok: typeof payload === 'object', runId: id, eventId: id });
});
app.listen(Number(process.argv[2]), '127.0.0.1');
// An orderly end lets --cpu-prof write its profile.
process.once('SIGTERM', () => process.exit());
