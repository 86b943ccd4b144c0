// `tracing:` compiled.
import type { TracingSettings } from '../configuration.ts';
import type { Cursor } from '../cursor.ts';
import { tracingSchema } from '../schema/tracing.ts';
import { baseUrl } from './url.ts';

/** Undefined where there is none, or after a report. */
export function compileTracing(cursor: Cursor): TracingSettings | undefined {
  if (!cursor.exists) return undefined;
  const input = cursor.parse(tracingSchema);
  const endpoint = input === undefined ? undefined : baseUrl(cursor.at('endpoint'));
  return endpoint === undefined ? undefined : { endpoint: endpoint.href, oneIn: input?.one_in ?? 1 };
}
