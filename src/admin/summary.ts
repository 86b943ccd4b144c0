// `GET /api/v1/summary`: what the dashboard shows at a glance.
import type { AuditStore } from '../audit/store.ts';
import { countedDays } from '../audit/keeping.ts';
import { summarise } from '../audit/summary.ts';
import { json, problem, type AdminReply, type AdminRequest } from './reply.ts';

/** Bounds of the parameters, and what stands in for them. */
export const summaryLimits = { days: { standard: 30, most: countedDays }, limit: { standard: 200, most: 5000 } } as const;

/** @param now milliseconds since 1970 */
export async function summary(store: AuditStore, { query }: AdminRequest, now: number): Promise<AdminReply> {
  const unknown = [...query.keys()].find((name) => !(name in summaryLimits));
  if (unknown !== undefined) return problem(400, 'Question not understood', 'Only days and limit are known here.');
  const days = read(query.get('days'), summaryLimits.days);
  const limit = read(query.get('limit'), summaryLimits.limit);
  if (days === undefined)
    return problem(400, 'Question not understood', `days is not a whole number from 1 to ${summaryLimits.days.most}.`);
  if (limit === undefined)
    return problem(400, 'Question not understood', `limit is not a whole number from 1 to ${summaryLimits.limit.most}.`);
  return json(200, await summarise(store, { days, limit }, now));
}

function read(text: string | null, { standard, most }: { readonly standard: number; readonly most: number }): number | undefined {
  if (text === null) return standard;
  const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= most ? value : undefined;
}
