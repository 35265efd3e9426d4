import { describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../src/domain/time/clock.ts';
import { createRefusals, type RefusedStep } from '../../src/ingest/refusals.ts';

const long = 'x'.repeat(5000);
const row = { hook: 'h', method: 'POST', path: '/hooks/h', type: 'text/plain', address: '::1', status: 401 } as const;

function refusalsOf() {
  const logged: Record<string, unknown>[] = [];
  const counted: string[] = [];
  const log = pino({ base: null, level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const refusals = createRefusals({ log, clock: systemClock, onRefused: (step) => counted.push(step) });
  const add = (step: RefusedStep, detail = 'd', more: object = {}) => refusals.add({ ...row, step, detail, ...more });
  return { refusals, add, logged, counted };
}

describe('refused requests', () => {
  it('are kept up to the newest 1,000, newest first, each in less than a kilobyte', () => {
    const { refusals } = refusalsOf();
    const huge = { hook: long, method: long, path: long, type: long, address: long, detail: long };
    for (let n = 1; n <= 1250; n += 1) {
      refusals.add({ ...huge, status: n, step: 'token' }, Buffer.from(long));
      if (n === 3) expect(refusals.list().map(({ status }) => status)).toEqual([3, 2, 1]);
    }
    const list = refusals.list();
    expect([list.length, list[0]?.status, list.at(-1)?.status]).toEqual([1000, 1250, 251]);
    expect(Object.values(list[0] ?? {}).join('').length).toBeLessThan(1024);
  });

  it.each([
    ['as they are', '{"verification_token":"secret_x"}', '{"verification_token":"secret_x"}'],
    ['up to 200 bytes', `${'é'.repeat(99)}xé`, `${'é'.repeat(99)}x`],
    ['without what would steer a terminal', 'a\u001b[2J\nb\u202ec', 'a [2J bc'],
  ])('show the first bytes %s', (_, body, shown) => {
    const { refusals } = refusalsOf();
    refusals.add({ ...row, step: 'token', detail: 'd' }, Buffer.from(body));
    expect(refusals.list()[0]?.body).toBe(shown);
  });

  it('can be told of a body that comes late', () => {
    const { refusals, add } = refusalsOf();
    const { fill } = add('token');
    expect(refusals.list()[0]?.body).toBe('');
    fill(Buffer.from('late'));
    expect(refusals.list()[0]?.body).toBe('late');
  });

  it('are counted by their step, and logged without address, path and body', () => {
    const { add, logged, counted } = refusalsOf();
    add('token');
    add('no match', 'compare it');
    expect(counted).toEqual(['token', 'no match']);
    expect(logged).toMatchObject([
      { level: 40, hook: 'h', step: 'token', detail: 'd', msg: 'request refused' },
      { step: 'no match', detail: 'compare it' },
    ]);
    expect(JSON.stringify(logged)).not.toMatch(/::1|\/hooks\//);
  });

  it('are counted and not logged where an address is locked out', () => {
    const { add, logged, counted } = refusalsOf();
    add('token', 'd', { status: 429 });
    expect([counted, logged]).toEqual([['token'], []]);
  });

  it('are logged 60 times a minute for a reason, and then in one line that says how many more there were', () => {
    jest.useFakeTimers();
    try {
      const { add, logged, counted } = refusalsOf();
      for (let n = 0; n < 1000; n += 1) add('token');
      for (let n = 0; n < 30; n += 1) add('clock');
      for (let n = 0; n < 1000; n += 1) add('does not load', `part ${n % 2}`);
      const count = (step: string) => logged.filter((line) => line.step === step).length;
      expect([count('token'), count('clock'), count('does not load')]).toEqual([60, 30, 2]);
      expect(counted).toHaveLength(2030);
      jest.advanceTimersByTime(60_000);
      expect(logged.slice(92)).toMatchObject([
        { step: 'token', more: 940, msg: '940 more requests were refused like this in the last minute' },
      ]);
      add('token');
      expect(count('token')).toBe(62);
    } finally {
      jest.useRealTimers();
    }
  });
});
