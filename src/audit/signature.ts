// Signatures of webhooks as the Standard Webhooks specification has them (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
import { createHmac } from 'node:crypto';

export interface Signed {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * The headers of one delivery: HMAC-SHA256 over id, time and body, so that none of them can be changed and an old delivery
 * cannot be sent again.
 * @param now Unix seconds
 * @param secret `whsec_` and base64, or any other text
 */
export function signed(id: string, now: number, body: string, secret: string): Signed {
  const time = String(now);
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${time}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
}
