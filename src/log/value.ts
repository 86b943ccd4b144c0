// Brings anything that code may hand to the log into bounded, plain JSON without the secrets that objects carry along.

const depthLimit = 6;
const entriesLimit = 50;
const textLimit = 4096;

/**
 * A copy of the fields that is safe to serialise. Errors keep only what they say: those of undici, node:http and ioredis
 * carry headers, URLs with passwords and command arguments as properties (SEC-06). Bytes become their number, since the
 * scrubber could not read them. Never throws, whatever getters and proxies do.
 */
export function loggable(fields: object): Record<string, unknown> {
  if (isPlain(fields)) return fields;
  const value = plain(fields, depthLimit);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : { value };
}

/**
 * Whether the fields are what `loggable` would make of them: an audit line, which is written for every exchange. Only
 * fields without getters are looked at, of an object that nobody's prototype stands behind.
 */
function isPlain(fields: object): fields is Record<string, unknown> {
  if (Object.getPrototypeOf(fields) !== Object.prototype || 'toJSON' in fields) return false;
  let count = 0;
  for (const key in fields) {
    const entry = Object.getOwnPropertyDescriptor(fields, key);
    count += 1;
    if (entry === undefined || !('value' in entry) || count > entriesLimit || key.length > textLimit || !isShort(entry.value)) return false;
  }
  return true;
}

function isShort(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= textLimit;
  if (Array.isArray(value))
    return value.length <= entriesLimit && value.every((entry) => typeof entry === 'string' && entry.length <= textLimit);
  return typeof value === 'number' || typeof value === 'boolean';
}

function plain(value: unknown, depth: number): unknown {
  try {
    return convert(value, depth);
  } catch {
    return '[unreadable]';
  }
}

function convert(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return errorFields(value, depth);
  if (depth <= 0) return '[deep]';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`;
  if (Array.isArray(value)) return value.slice(0, entriesLimit).map((entry) => plain(entry, depth - 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), depth - 1);
  const entries = Object.entries(value).slice(0, entriesLimit);
  return Object.fromEntries(entries.map(([key, entry]) => [cut(key), plain(entry, depth - 1)]));
}

function errorFields(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  const within: unknown = error instanceof AggregateError ? error.errors : undefined;
  return {
    type: error.name,
    message: cut(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof error.stack === 'string' ? { stack: cut(error.stack) } : {}),
    ...(error.cause === undefined || depth <= 0 ? {} : { cause: plain(error.cause, depth - 1) }),
    ...(within === undefined || depth <= 0 ? {} : { errors: plain(within, depth - 1) }),
  };
}

function cut(text: string): string {
  return text.length > textLimit ? `${text.slice(0, textLimit)}...` : text;
}
