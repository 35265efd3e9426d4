import { secretOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const shopify = signatureScheme({
  name: 'shopify',
  options: secretOptions,
  signature: {
    secretAt: "the app's client secret at Shopify (after a change the old one signs for up to an hour: list both)",
    ifMissing: 'does this come from Shopify?',
    headers: [
      { signatures: ['x-shopify-hmac-sha256'], ids: ['x-shopify-webhook-id'] },
      { signatures: ['shopify-hmac-sha256'], ids: ['shopify-webhook-id'] },
    ],
    hmac: { prefix: '', algorithm: 'sha256', encoding: 'base64' },
    signed: '{body}',
  },
});
