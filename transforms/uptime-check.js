/**
 * Uptime Kuma: a monitor that is down gets a run; one that is up again is a line for the next heartbeat.
 * @type {import('gimli').Transform<{ monitor?: { name: string, url?: string }, heartbeat?: { status: number, msg: string } }>}
 */
export default (ctx) => {
  const { monitor, heartbeat } = ctx.payload;
  // Kuma's test message has neither.
  if (!monitor || !heartbeat) return null;

  if (heartbeat.status === 1) {
    return { action: 'wake', wakeMode: 'next-heartbeat', text: ctx.prompt`${monitor.name} is up again.` };
  }
  return {
    sessionKey: `hook:uptime:${monitor.name}`,
    message: ctx.prompt`A monitor of mine is down. Tell me in two sentences what that means and what to try first.

Monitor: ${monitor.name} (${monitor.url})
Reason: ${heartbeat.msg}`,
  };
};
