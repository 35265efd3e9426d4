// A model server that answers every request at once, in the form of the Anthropic Messages API.
import http from 'node:http';

const answer = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'model',
  content: [{ type: 'text', text: 'Noted. There is nothing more to do.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 300, output_tokens: 10 },
});

const server = http.createServer((request, response) => {
  request.resume().once('end', () => response.setHeader('Content-Type', 'application/json').end(answer));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
