import type { Transform } from 'gimli';

/** What Sentry's integration posts with `sentry-hook-resource: issue`, as far as it is used here. */
interface SentryEvent {
  action: string;
  data: {
    issue: {
      shortId: string;
      title: string;
      culprit: string;
      level: string;
      web_url: string;
      project: { name: string };
    };
  };
}

/** New errors become a run each, fatal ones with more thought. Everything below an error is skipped. */
export default ((ctx) => {
  const { action, data } = ctx.payload;
  const { issue } = data;
  if (action !== 'created' || !['error', 'fatal'].includes(issue.level)) return null;

  const fatal = issue.level === 'fatal';
  return {
    name: 'Sentry',
    sessionKey: `hook:sentry:${issue.shortId}`,
    ...(fatal && { thinking: 'high' }),
    message: ctx.prompt`A new error was reported in production. Say what probably causes it and where to look first.
${fatal ? ctx.prompt`It stops the program, so begin with how to get it running again.\n` : ''}
Project: ${issue.project.name}
Error: ${issue.title}
Where: ${issue.culprit}
Link: ${issue.web_url}`,
  };
}) satisfies Transform<SentryEvent>;
