import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Service, startServices } from '../../src/gateway/services.ts';

const heard: string[] = [];
beforeEach(() => void heard.splice(0));

const onStopFailed = (name: string, error: unknown) => void heard.push(`${name}: ${(error as Error).message}`);
const fail = (message: string) => async () => {
  throw new Error(message);
};

/** Says in `heard` what it does, after others have had their turn. */
const service = (name: string, own: Partial<Service> = {}): Service => ({
  name,
  async start() {
    await Promise.resolve();
    heard.push(`${name} starts`);
  },
  async stop() {
    await Promise.resolve();
    heard.push(`${name} stops`);
  },
  ...own,
});

describe('services', () => {
  it('start in order, one after the other, and stop in reverse', async () => {
    const stop = await startServices([service('store'), service('worker'), service('listener')], onStopFailed);
    expect(heard.splice(0)).toEqual(['store starts', 'worker starts', 'listener starts']);
    await stop();
    expect(heard).toEqual(['listener stops', 'worker stops', 'store stops']);
  });

  it('that have started are stopped in reverse where a later one cannot start, whose error is thrown', async () => {
    const taken = service('listener', { start: fail('the port is taken') });
    const starting = startServices([service('store'), service('worker'), taken, service('timer')], onStopFailed);
    await expect(starting).rejects.toThrow('the port is taken');
    expect(heard).toEqual(['store starts', 'worker starts', 'listener stops', 'worker stops', 'store stops']);
  });

  it('throw the error of the start also where one cannot stop after it', async () => {
    const store = service('store', { stop: fail('busy') });
    const starting = startServices([store, service('worker', { start: fail('no room') })], onStopFailed);
    await expect(starting).rejects.toThrow('no room');
    expect(heard).toEqual(['store starts', 'worker stops', 'store: busy']);
  });

  it('stop although one of them cannot, whose error is thrown when all have', async () => {
    const services = [service('store'), service('worker', { stop: fail('stuck') }), service('listener')];
    const stop = await startServices(services, onStopFailed);
    await expect(stop()).rejects.toThrow('stuck');
    expect(heard.slice(3)).toEqual(['listener stops', 'worker: stuck', 'store stops']);
  });

  it('that were stopped stop once', async () => {
    const stop = await startServices([service('store')], onStopFailed);
    await stop();
    await stop();
    expect(heard).toEqual(['store starts', 'store stops']);
  });

  it('may have nothing to begin, or nothing to end', async () => {
    const stop = await startServices([{ name: 'plans' }, service('store')], onStopFailed);
    await stop();
    expect(heard).toEqual(['store starts', 'store stops']);
  });
});
