import { expect, it } from '@jest/globals';
import { itRenders, rendered } from './rendered.ts';

itRenders('standard', 'Webhook', {
  event: {
    mapping: 'standard:event',
    sessionKey: expect.stringMatching(/^hook:[0-9a-f-]{36}$/),
    says: 'A service that I use reports an event.',
    fields:
      'Type: contract.signed\n' +
      'Time: 2026-02-02T09:14:05.118293Z\n' +
      '\n' +
      'The whole event: {"type":"contract.signed","timestamp":"2026-02-02T09:14:05.118293Z","data":{"id":"contract_2f9Kx8TqLm","title":"Compiler work","signed_by":[{"name":"Grace Hopper","email":"grace@example.org"}],"status":"complete"}}',
  },
});

it('standard takes whatever is signed, also what is not of the recommended shape', () => {
  expect(rendered('standard', { event: 'paid', id: 7 })).toMatchObject([
    { mapping: 'standard:event', fields: 'Type: \nTime: \n\nThe whole event: {"event":"paid","id":7}' },
  ]);
});
