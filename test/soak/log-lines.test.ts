import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { followLog } from '../../soak/hostile/log-lines.ts';
import { tempDir } from '../support/temp-dir.ts';

const file = path.join(tempDir(), 'gimli.log');
const line = (record: object) => `${JSON.stringify(record)}\n`;

it('counts lines of a minute by what they say, and not those from before or about events that were taken', () => {
  fs.writeFileSync(file, line({ msg: 'from before' }));
  const log = followLog(file);
  const refused = line({ msg: 'request refused', step: 'token' });
  fs.appendFileSync(
    file,
    refused + refused + line({ msg: 'run completed', runId: 'r' }) + line({ msg: 'lost 3 of 40' }),
  );
  fs.appendFileSync(file, line({ msg: 'next heartbeat: a line wakes main', at: null }));
  // A line may be half written when it is looked at.
  fs.appendFileSync(file, refused.slice(0, 20));
  log.read(0);
  fs.appendFileSync(file, `${refused.slice(20)}${line({ msg: 'lost 5 of 70' })}    at a stack\n\n`);
  log.read(0);
  expect(log.worst()).toEqual({ reason: 'request refused (token)', count: 3 });
  expect(log.most()).toBe(6);

  fs.appendFileSync(file, refused.repeat(5));
  log.read(1);
  expect(log.worst()).toEqual({ reason: 'request refused (token)', count: 5 });
  expect(log.most()).toBe(6);
  expect(log.total()).toBe(11);
});
