import { EventSourceParserStream } from 'eventsource-parser/stream';
import { visibleJson } from '../domain/text/invisible.ts';
import type { noticeView } from '../http/views/notice.ts';
import type { runView } from '../http/views/run.ts';
import { withClient } from './client.ts';
import { CommandError } from './command-error.ts';
import type { Cli } from './io.ts';
import { printable, printableLines, say } from './print.ts';

type RunView = ReturnType<typeof runView>;
type ToolView = Extract<ReturnType<typeof noticeView>, { input: string }>;

/** Shows a run while it goes on: its status, its text as it grows, its tools. Resolves to 1 where it ends in `error`. */
export async function watchRun(cli: Cli, id: string, { json }: { json?: boolean }): Promise<number> {
  const lines = createLines(cli);
  let last: RunView | undefined;
  await withClient(cli, async (client) => {
    const body = await client.stream(`/runs/${encodeURIComponent(id)}/stream`);
    const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { event, data } of events) {
      const value = JSON.parse(data);
      if (event === 'run') last = value.run;
      if (json) say(cli, visibleJson(JSON.stringify({ event, ...value })));
      else if (event === 'run') {
        // Who comes too late to hear it may read it.
        if (value.run.outputText !== null && !lines.heard()) lines.text(value.run.outputText);
        lines.line(statusLine(value.run));
      } else if (event === 'tool') lines.line(toolLine(value));
      else if (event === 'text') lines.text(value.text);
      else if (event === 'restart') lines.restart();
      // Without a gateway nothing will happen to it.
      if (event === 'run' && !client.isRunning) break;
    }
  });
  if (!last) throw new CommandError(`the gateway said nothing of run ${id}: is it about to stop?`);
  return last.status === 'error' ? 1 : 0;
}

/** Text that comes in pieces, and lines between them. */
function createLines({ out }: Cli) {
  let open = false;
  let heard = false;
  return {
    heard: () => heard,
    text(piece: string) {
      heard = true;
      const shown = printableLines(piece);
      out(shown);
      open = shown === '' ? open : !shown.endsWith('\n');
    },
    restart() {
      heard = false;
      this.line('… begins anew');
    },
    line(text: string) {
      out(`${open ? '\n' : ''}${text}\n`);
      open = false;
    },
  };
}

function statusLine({ status, attempts, error, errorCode, model }: RunView): string {
  if (status === 'error') return `── error (${errorCode}): ${printable(error ?? '')}`;
  if (status === 'completed') return `── completed by ${model}`;
  const again = error === null ? '' : `, after: ${printable(error)}`;
  return `── ${status}${attempts > 1 || again ? ` (attempt ${attempts}${again})` : ''}`;
}

function toolLine({ name, input, ...result }: ToolView): string {
  if (!('ms' in result)) return printable(`→ ${name} ${input}`);
  const { resultChars, ms, error } = result;
  return printable(`← ${name}: ${error === null ? `${resultChars} characters` : `error: ${error}`}, ${ms} ms`);
}
