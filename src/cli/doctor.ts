import { messageOf } from '../domain/errors.ts';
import { configChecks } from './doctor/config-checks.ts';
import { withContext } from './doctor/context.ts';
import type { DoctorCheck, DoctorContext, Finding } from './doctor/finding.ts';
import { gatewayChecks } from './doctor/gateway-checks.ts';
import { machineChecks } from './doctor/machine-checks.ts';
import { modelChecks } from './doctor/model-checks.ts';
import type { Cli } from './io.ts';
import { printJson, say } from './print.ts';

/** All that is looked at, in this order. */
const checks: readonly DoctorCheck[] = [...configChecks, ...gatewayChecks, ...modelChecks, ...machineChecks];

/** Says of each part whether it is well. Resolves to 1 where something is not. */
export async function doctor(cli: Cli, { json }: { json?: boolean }): Promise<number> {
  const found = await withContext(cli, async (context) => {
    const all = [];
    for (const check of checks) all.push(...(await findingsOf(check, context)));
    const { hide = (text: string) => text } = context.loaded ?? {};
    return all.map(({ text, ...same }) => ({ ...same, text: hide(text) }));
  });
  const count = (state: Finding['state']) => found.filter((one) => one.state === state).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (json) {
    printJson(cli, { ok: problems === 0, checks: found });
    return problems === 0 ? 0 : 1;
  }
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, state, text, remedy } of found) {
    say(cli, `${state.padEnd(7)}  ${name.padEnd(width)}  ${text}`);
    if (remedy !== undefined) say(cli, `${' '.repeat(width + 11)}→ ${remedy}`);
  }
  const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  say(
    cli,
    `\n${problems + warnings === 0 ? 'all is well' : `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`}`,
  );
  return problems === 0 ? 0 : 1;
}

/** One that cannot look must not keep the others from it. */
async function findingsOf({ name, run }: DoctorCheck, context: DoctorContext) {
  try {
    return (await run(context)).map((found) => ({ name, ...found }));
  } catch (error) {
    const remedy = 'See what it says; perhaps the gateway has just stopped.';
    return [{ name, state: 'problem', text: `could not be looked at: ${messageOf(error)}`, remedy } as const];
  }
}
