// The record of writes that are refused before it is known what they are for: their head, their host, their target. Nobody
// has proved anything yet, so these lines are sampled (P7, DOS-16).
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { AuditEvent } from '../audit/event.ts';
import { toPrintable, type Refusal } from '../core/refusal.ts';
import { networkOf } from '../exchange/limits.ts';
import type { Tally } from '../exchange/tally.ts';
import { clientAddress } from './address.ts';

const writes = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export interface TurnedAwayRoom {
  readonly trusted: BlockList;
  readonly turnedAway: Tally;
  /** Revision of the policy. */
  readonly policy: string;
}

/** One line at once, and one with a number for what else this network does in the next ten seconds to be refused for the same. */
export function recordTurnedAway(
  { trusted, turnedAway, policy }: TurnedAwayRoom,
  req: IncomingMessage,
  request: string,
  refusal: Refusal,
  event: AuditEvent['event'] = 'request',
): void {
  if (!writes.has(req.method ?? '')) return;
  const address = clientAddress(req, trusted);
  const agent = req.headers['user-agent'];
  turnedAway.refused(`${networkOf(address)} ${event} ${refusal.code}`, {
    event,
    outcome: 'refused',
    request,
    ...(agent === undefined ? {} : { client: toPrintable(agent) }),
    address,
    policy,
    code: refusal.code,
    message: refusal.message,
  });
}
