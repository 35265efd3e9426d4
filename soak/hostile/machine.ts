import os from 'node:os';

/** Parts of all the time of all cores. */
export interface Busy {
  readonly all: number;
  /** the process that soaks, with its threads */
  readonly soak: number;
}

/** Begins to measure how busy the machine is: where others keep it so, latencies are theirs too. */
export function measureBusy(): () => Busy {
  const [before, own] = [cpuTimes(), process.cpuUsage()];
  return () => {
    const [after, { user, system }] = [cpuTimes(), process.cpuUsage(own)];
    const total = after.total - before.total;
    return { all: 1 - (after.idle - before.idle) / total, soak: (user + system) / 1000 / total };
  };
}

/** in ms */
function cpuTimes(): { idle: number; total: number } {
  const times = os.cpus().map((cpu) => cpu.times);
  const total = times.flatMap((time) => Object.values(time)).reduce((sum, time) => sum + time, 0);
  return { idle: times.reduce((sum, time) => sum + time.idle, 0), total };
}
