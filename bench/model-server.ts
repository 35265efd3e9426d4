import http from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const pieces = ['Noted. ', 'There is nothing ', 'more to do.'];
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'model', stop_sequence: null };

const whole = JSON.stringify({
  ...message,
  content: [{ type: 'text', text: pieces.join('') }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 300, output_tokens: 10 },
});

const stream = [
  {
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 300, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...pieces.map((piece) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } })),
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 10 } },
  { type: 'message_stop' },
]
  .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');

/**
 * A model that answers every request at once, or after `delayMs`, whole or as a stream, in the forms of the Anthropic Messages
 * API. `onRequest` hears of each as its head arrives.
 */
export function createModelServer({ delayMs = 0, onRequest = () => {} }): http.Server {
  return http.createServer(async (request, response) => {
    onRequest();
    const { stream: streams } = JSON.parse(await text(request));
    if (delayMs > 0) await sleep(delayMs);
    response
      .setHeader('Content-Type', streams ? 'text/event-stream' : 'application/json')
      .end(streams ? stream : whole);
  });
}
