import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, rendered, renderedChange } from './rendered.ts';

itRenders('shopify', 'Shopify', {
  order_created: {
    mapping: 'shopify:order_created',
    sessionKey: 'hook:shopify:order:5820982911946',
    says: 'A new order came in.',
    fields:
      'Shop: engines.myshopify.com\n' +
      'Order: #1042\n' +
      'Customer: Grace Hopper <grace@example.org>\n' +
      'Total: 59.99 USD\n' +
      'Payment: paid\n' +
      'Goes to: New York, United States\n' +
      'Note of the customer: Please wrap the cards as a present.\n' +
      '\n' +
      'Items:\n' +
      '- 2 x Operation cards - brass (CARDS-BRASS) at 20.00\n' +
      '- 1 x Notes on the engine (NOTES-A-G) at 9.99\n',
  },
  order_cancelled: {
    mapping: 'shopify:order_cancelled',
    sessionKey: 'hook:shopify:order:5820982911946',
    says: 'An order was cancelled.',
    fields:
      'Shop: engines.myshopify.com\n' +
      'Order: #1042\n' +
      'Customer: Grace Hopper <grace@example.org>\n' +
      'Cancelled: 2026-02-02T11:02:40+00:00\n' +
      'Reason: customer\n' +
      'Total: 59.99 USD\n' +
      'Payment: refunded\n' +
      'Sent: nothing',
  },
  refund: {
    mapping: 'shopify:refund',
    sessionKey: 'hook:shopify:order:5820982911946',
    says: 'Money goes back to a customer.',
    fields:
      'Shop: engines.myshopify.com\n' +
      'Order: 5820982911946\n' +
      'When: 2026-02-02T11:02:41+00:00\n' +
      'Reason: One pack arrived bent\n' +
      '\n' +
      'Items:\n' +
      '- 1 x Operation cards - brass: 20 (return)\n' +
      'Transactions:\n' +
      '- refund of 20.00 USD through shopify_payments: success\n',
  },
  app_uninstalled: {
    mapping: 'shopify:app_uninstalled',
    sessionKey: 'hook:shopify:shop:690933842',
    says: 'A shop has removed my app.',
    fields:
      'Shop: Looms and Threads (looms.myshopify.com)\n' +
      'Owner: Jo Weaver <shop@looms.example>\n' +
      'Country: France\n' +
      'Plan: Basic\n' +
      'Shop since: 2024-06-11T10:00:00+02:00',
  },
  privacy: {
    mapping: 'shopify:privacy',
    sessionKey: 'hook:shopify:shop:548380009',
    says: 'Shopify passes on a legal request about personal data: data_request wants what we hold about a customer, redact wants it deleted.',
    fields:
      'Request: customers/data_request\n' +
      'Shop: engines.myshopify.com\n' +
      'Customer: 7115310627328 <grace@example.org>\n' +
      'About the order: 5820982911946\n' +
      'Received: 2026-02-02T09:00:00.000Z',
  },
});

itIgnores(
  'shopify',
  ['orders/updated', 'products/update', 'carts/create'].map((topic) => [
    topic,
    'order_created',
    {},
    { 'x-shopify-topic': topic },
  ]),
);

it('shopify tells what is particular: an order to take away, a refund without items, the deletion of a shop', () => {
  expect(renderedChange('shopify', 'order_created', { shipping_address: null, note: null })).toMatchObject([
    { fields: expect.stringMatching(/\nPayment: paid\n\nItems:\n/) },
  ]);
  expect(renderedChange('shopify', 'refund', { note: null, refund_line_items: [], transactions: [] })).toMatchObject([
    { fields: expect.stringMatching(/\+00:00\n\nItems:\n\(none\)\nTransactions:\n\(none\)\n$/) },
  ]);
  const body = { shop_id: 548380009, shop_domain: 'engines.myshopify.com' };
  expect(rendered('shopify', body, { 'x-shopify-topic': 'shop/redact' })).toMatchObject([
    { mapping: 'shopify:privacy', fields: expect.stringMatching(/^Request: shop\/redact\nShop: .*\nReceived: /) },
  ]);
});
