// `tracing:`, where traces are sent.
import { z } from 'zod';
import { text, wholeNumber } from './scalar.ts';

export const tracingSchema = z.strictObject({
  endpoint: text('URL that takes OTLP over HTTP, for example `http://otel-collector:4318`; `/v1/traces` is appended.'),
  one_in: wholeNumber(1, 1_000_000, 'One request in so many begins a trace. Default 1: each.').optional(),
});
