// What the headers of a write say about its body.
import { refuse, type Refusal } from '../../core/refusal.ts';
import type { Head } from '../registry.ts';

/**
 * The refusal of a body that is not declared as plain UTF-8 JSON. Servers decode by these headers: body-parser takes
 * `charset=utf-7` and inflates gzip, so that it would read another document than we do (NPM-05 to NPM-08).
 */
export function contentProblem(head: Head): Refusal | undefined {
  const type = head.headers.get('content-type');
  if (type === undefined || !/^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i.test(type))
    return refuse('body-type', { expected: 'application/json in UTF-8', actual: type });
  const encoding = head.headers.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return refuse('body-encoding', { actual: encoding });
  return undefined;
}

/** Bytes that `Content-Length` announces; undefined without one. */
export function announcedLength(head: Head): number | undefined {
  const text = head.headers.get('content-length');
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
