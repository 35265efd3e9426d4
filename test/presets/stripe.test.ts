import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('stripe', 'Stripe', {
  'invoice.payment_failed': {
    mapping: 'stripe:invoice_payment_failed',
    sessionKey: 'hook:stripe:cus_TqX3vWn8LkZb1c',
    says: "A customer's invoice could not be paid.",
    fields:
      'Customer: Grace Hopper <grace@example.org> (cus_TqX3vWn8LkZb1c)\n' +
      'Invoice: A1B2C3D4-0007 (subscription_cycle)\n' +
      'Amount due: 2500 usd\n' +
      'Attempts so far: 2\n' +
      'Next attempt: 1770282840 (Unix time)\n' +
      'Invoice page: https://invoice.stripe.com/i/acct_1032D82eZvKYlo2C/test_YWNjdF8xMDMy\n' +
      'Mode: test',
  },
  'payment_intent.payment_failed': {
    mapping: 'stripe:payment_failed',
    sessionKey: 'hook:stripe:cus_TqX4aMe2RpYd7f',
    says: 'A payment was declined.',
    fields:
      'Amount: 4999 usd\n' +
      'For: Order 1042: operation cards\n' +
      'Customer: cus_TqX4aMe2RpYd7f charles@example.net\n' +
      'Error: card_declined (insufficient_funds): Your card has insufficient funds.\n' +
      'Payment: pi_3TGh4dLkdIwHu7ix1QvW9sLz\n' +
      'Mode: test',
  },
  'charge.dispute.created': {
    mapping: 'stripe:dispute',
    sessionKey: 'hook:stripe:ch_3TFa7cLkdIwHu7ix0nV2wQsR',
    says: 'A customer disputes a payment with their bank.',
    fields:
      'What happened: charge.dispute.created\n' +
      'Status: needs_response\n' +
      'Reason: product_not_received\n' +
      'Amount: 4999 usd\n' +
      'Evidence due by: 1770767999 (Unix time), sent so far: 0\n' +
      'Dispute: du_1TGhBjLkdIwHu7ixK4mZ0yXo\n' +
      'Charge: ch_3TFa7cLkdIwHu7ix0nV2wQsR\n' +
      'Mode: test',
  },
  'radar.early_fraud_warning.created': {
    mapping: 'stripe:fraud_warning',
    sessionKey: 'hook:stripe:ch_3TFb2eLkdIwHu7ix1pL8xYcD',
    says: 'A bank warns Stripe that a payment is probably fraud.',
    fields:
      'Kind: unauthorized_use_of_card\n' +
      'A refund can still help: true\n' +
      'Charge: ch_3TFb2eLkdIwHu7ix1pL8xYcD\n' +
      'Payment: pi_3TFb2eLkdIwHu7ix1zR4vGsH\n' +
      'Mode: test',
  },
  'charge.refunded': {
    mapping: 'stripe:refund',
    sessionKey: 'hook:stripe:ch_3TFc5hLkdIwHu7ix0aY9bQvE',
    says: 'Money went back to a customer.',
    fields:
      'Customer: Charles <charles@example.net>\n' +
      'Refunded: 1500 of 4999 usd\n' +
      'For: Order 1042: operation cards\n' +
      'Charge: ch_3TFc5hLkdIwHu7ix0aY9bQvE\n' +
      'Receipt: https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8xMDMyRDgyZVp2S1lsbzJD\n' +
      'Mode: test',
  },
  'payout.failed': {
    mapping: 'stripe:payout_failed',
    sessionKey: 'hook:stripe:po_1TFZyKLkdIwHu7ixT2nB6wQd',
    says: 'A payout to my bank account failed.',
    fields:
      'Amount: 118250 usd\n' +
      'Reason: account_closed: The bank account has been closed.\n' +
      'Bank account: ba_1MtIhL2eZvKYlo2CAElKwKu2\n' +
      'Expected on: 1769990400 (Unix time)\n' +
      'Payout: po_1TFZyKLkdIwHu7ixT2nB6wQd\n' +
      'Mode: test',
  },
  'checkout.session.completed': {
    mapping: 'stripe:checkout',
    sessionKey: 'hook:stripe:cs_test_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ',
    says: 'Somebody went through the checkout.',
    fields:
      'What happened: checkout.session.completed\n' +
      'Customer: Grace Hopper <grace@example.org>\n' +
      'Country: US\n' +
      'Total: 5999 usd\n' +
      'Kind: payment\n' +
      'Payment: paid\n' +
      'Our reference: order-1043\n' +
      'Mode: test',
  },
  'customer.subscription.deleted': {
    mapping: 'stripe:subscription',
    sessionKey: 'hook:stripe:cus_TqX3vWn8LkZb1c',
    says: 'A subscription has ended, is paused, or its trial is about to end.',
    fields:
      'What happened: customer.subscription.deleted\n' +
      'Customer: cus_TqX3vWn8LkZb1c\n' +
      'Subscription: sub_1SuK9oLkdIwHu7ixX3c7tQma (canceled)\n' +
      '- 1 x price_1SuJxKLkdIwHu7ixM7eW4rTz (Tables, monthly): 2500 usd each month\n' +
      'Reason: cancellation_requested switched_service\n' +
      'They say: We calculate them ourselves now.\n' +
      'Mode: test',
  },
});

itIgnores(
  'stripe',
  ['payment_intent.succeeded', 'invoice.paid', 'charge.dispute.updated', 'payout.paid', 'customer.updated'].map(
    (type) => [type, 'payout.failed', { type }],
  ),
);

it('stripe tells what is particular: the last attempt, a dispute that is over, a trial that ends, money that is real', () => {
  expect(
    renderedChange('stripe', 'invoice.payment_failed', { 'data.object.next_payment_attempt': null }),
  ).toMatchObject([{ fields: expect.stringContaining('\nNext attempt: none\n') }]);
  const over = {
    type: 'charge.dispute.closed',
    'data.object.status': 'won',
    'data.object.evidence_details.due_by': null,
  };
  expect(renderedChange('stripe', 'charge.dispute.created', over)).toMatchObject([
    {
      mapping: 'stripe:dispute',
      fields: expect.stringMatching(
        /^What happened: charge\.dispute\.closed\nStatus: won\n.*\nAmount: 4999 usd\nDispute: /s,
      ),
    },
  ]);
  const trial = {
    type: 'customer.subscription.trial_will_end',
    'data.object.trial_end': 1770282840,
    'data.object.cancellation_details': { comment: null, feedback: null, reason: null },
  };
  expect(renderedChange('stripe', 'customer.subscription.deleted', { ...trial, livemode: true })).toMatchObject([
    { fields: expect.stringMatching(/ each month\nTrial until: 1770282840 \(Unix time\)\nMode: live$/) },
  ]);
  const failed = { type: 'checkout.session.async_payment_failed', 'data.object.client_reference_id': null };
  expect(renderedChange('stripe', 'checkout.session.completed', failed)).toMatchObject([
    { mapping: 'stripe:checkout', fields: expect.stringMatching(/\nPayment: paid\nMode: test$/) },
  ]);
});

it('stripe gives a payment without a customer a conversation of its own', () => {
  const [first, second] = [1, 2].flatMap(() =>
    renderedChange('stripe', 'payment_intent.payment_failed', { 'data.object.customer': null }),
  );
  expect(first?.sessionKey).toMatch(/^hook:stripe:[0-9a-f-]{36}$/);
  expect(second?.sessionKey).not.toBe(first?.sessionKey);
});
