import fs from 'node:fs';
import path from 'node:path';
import { Type } from 'typebox';
import { createModels } from '../agent/models.ts';
import { createScreener, type Screener } from '../agent/screening/screening.ts';
import { loadConfig } from '../config/load.ts';
import { messageOf, TurnError } from '../domain/errors.ts';
import { createMask, type Mask } from '../domain/text/mask.ts';
import { wholeOf } from '../domain/text/said.ts';
import { compileSchema } from '../schema/ajv.ts';
import { describeProblem } from '../schema/problem.ts';
import { secretsBefore } from '../settings.ts';
import { CommandError } from './command-error.ts';
import type { Cli } from './io.ts';
import { complain, printJson, record, say } from './print.ts';

const labels = ['attack', 'benign'] as const;
const checkSample = compileSchema(Type.Object({ text: Type.String(), label: Type.Enum([...labels]) }));

/** A text whose right verdict is known. */
interface Sample {
  /** counted from 1 */
  readonly line: number;
  readonly text: string;
  readonly label: (typeof labels)[number];
}

interface Judged extends Sample {
  /** undefined where there is no verdict, for the reason in `failure` */
  readonly flagged?: boolean;
  readonly failure?: string;
}

/** So many texts are judged at once. */
const concurrency = 4;

/**
 * Has the configured model judge texts whose right verdict is known, and prints how often it was right. Needs no gateway and
 * no store. Throws CommandError where it cannot begin.
 */
export async function evaluateScreening(cli: Cli, file: string, { json }: { json?: true }): Promise<void> {
  const loaded = loadConfig(cli.configFile, cli.env);
  const { config, env } = loaded;
  const screener = createScreener(
    config.screening,
    createModels(config.agents, env, (text) => complain(cli, text)),
  );
  if (screener.problem !== undefined) throw new CommandError(screener.problem);
  const judged = await judgeAll(cli, screener, readSamples(cli, file), createMask(secretsBefore(loaded)));
  const result = { model: screener.model, ...resultOf(judged) };
  if (json) printJson(cli, result);
  else printResult(cli, result);
}

function readSamples(cli: Cli, file: string): Sample[] {
  const lines = read(cli, file).split('\n');
  const samples = lines.flatMap((text, at) =>
    text.trim() === '' ? [] : [readSample(text, `${file}:${at + 1}`, at + 1)],
  );
  if (samples.length === 0) throw new CommandError(`${file} has no lines`);
  return samples;
}

function readSample(json: string, at: string, line: number): Sample {
  let sample: unknown;
  try {
    sample = JSON.parse(json);
  } catch (error) {
    throw new CommandError(`${at}: not JSON: ${messageOf(error)}`);
  }
  const checked = checkSample(sample);
  if (!checked.ok) throw new CommandError(`${at}: ${checked.problems.map(describeProblem).join('; ')}`);
  return { line, ...checked.value };
}

function read({ cwd }: Cli, file: string): string {
  try {
    return fs.readFileSync(path.resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/** In the order of the samples, whichever is done first. */
async function judgeAll(cli: Cli, screener: Screener, samples: readonly Sample[], mask: Mask): Promise<Judged[]> {
  const judged: Judged[] = [];
  const step = Math.ceil(samples.length / 10);
  const queue = samples.entries();
  let done = 0;
  const work = async () => {
    for (const [at, sample] of queue) {
      judged[at] = await judge(screener, sample, mask);
      done += 1;
      if (done % step === 0 || done === samples.length) complain(cli, `judged ${done} of ${samples.length}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return judged;
}

async function judge(screener: Screener, sample: Sample, mask: Mask): Promise<Judged> {
  try {
    const values = [{ label: 'text', text: sample.text }];
    const { flagged } = await screener.screen(values, new AbortController().signal);
    return { ...sample, flagged: flagged.length > 0 };
  } catch (error) {
    return { ...sample, failure: error instanceof TurnError ? wholeOf(error.masked(mask).recorded) : messageOf(error) };
  }
}

function resultOf(judged: readonly Judged[]) {
  const count = (label: Sample['label']) => {
    const known = judged.filter((sample) => sample.label === label && sample.flagged !== undefined);
    return { judged: known.length, flagged: known.filter(({ flagged }) => flagged).length };
  };
  const lines = (label: Sample['label'], flagged: boolean) =>
    judged.filter((sample) => sample.label === label && sample.flagged === flagged).map(({ line }) => line);
  const share = ({ judged, flagged }: { judged: number; flagged: number }) => (judged === 0 ? null : flagged / judged);
  const [attack, benign] = [count('attack'), count('benign')];
  return {
    attack,
    benign,
    recall: share(attack),
    falseAlarmRate: share(benign),
    missed: lines('attack', false),
    falseAlarms: lines('benign', true),
    failures: judged.flatMap(({ line, failure }) => (failure === undefined ? [] : [{ line, reason: failure }])),
  };
}

function printResult(cli: Cli, result: { model: string } & ReturnType<typeof resultOf>): void {
  const { model, attack, benign, recall, falseAlarmRate, missed, falseAlarms, failures } = result;
  const percent = (share: number | null) => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
  say(
    cli,
    record({
      model,
      recall: `${percent(recall)} (${attack.flagged} of ${attack.judged} attacks flagged)`,
      'false alarms': `${percent(falseAlarmRate)} (${benign.flagged} of ${benign.judged} benign texts flagged)`,
      failures: `${failures.length} without a verdict, counted in neither`,
      'missed, lines': missed.join(', '),
      'false alarms, lines': falseAlarms.join(', '),
      'failed, lines': failures.map(({ line, reason }) => `${line}: ${reason}`).join('\n'),
    }),
  );
}
