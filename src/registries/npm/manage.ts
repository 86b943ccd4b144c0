// `npm dist-tag add` and `rm`.
import type { PackageName } from '../../core/package-name.ts';
import { refuse, type Refusal } from '../../core/refusal.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { Change, Head, Route, UpstreamRequest } from '../registry.ts';
import { contentProblem } from './content.ts';
import { pathOf } from './path.ts';
import { json } from './reply.ts';
import { isVersion, tagProblem } from './tag.ts';

/** A change of one dist-tag. A tag that npm would not take is a write that no upload token may make. */
export function changeTag(head: Head, name: PackageName, tag: string): Route {
  const problem = tagProblem(tag);
  if (problem !== undefined) return { kind: 'write', what: `change the dist-tag ${tag}, which ${problem}`, name };
  return {
    kind: 'manage',
    action: 'dist_tag',
    name,
    bodyLimit: 4096,
    read: (body) => {
      const request = head.method === 'PUT' ? set(head, name, tag, body) : remove(name, tag, body);
      return isRefusal(request) ? request : change(`${head.method} dist_tag ${tag}`, name, tag, request);
    },
  };
}

function change(says: string, name: PackageName, tag: string, request: UpstreamRequest): Change {
  const plan = { says, requests: [request], done: json(200, {}) };
  return { action: 'dist_tag', name, tags: [tag], plan: async () => plan };
}

function set(head: Head, name: PackageName, tag: string, body: Uint8Array): UpstreamRequest | Refusal {
  const problem = contentProblem(head);
  if (problem !== undefined) return problem;
  const version = /^\s{0,8}"([0-9A-Za-z.-]{1,256})"\s{0,8}$/.exec(Buffer.from(body).toString('latin1'))?.[1];
  if (version === undefined || !isVersion(version))
    return refuse('body-invalid', { problem: 'a dist-tag is set to a version, as a JSON string' });
  return {
    method: 'PUT',
    path: pathBelow(name, tag),
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify(version)),
  };
}

function remove(name: PackageName, tag: string, body: Uint8Array): UpstreamRequest | Refusal {
  if (tag === 'latest') return refuse('upload-dist-tag', { tag, problem: 'cannot be removed, only set to another version' });
  if (body.length > 0) return refuse('body-invalid', { problem: 'the removal of a dist-tag has no body' });
  return { method: 'DELETE', path: pathBelow(name, tag), headers: { accept: 'application/json' } };
}

function pathBelow(name: PackageName, tag: string): string {
  return `-/package/${pathOf(name)}/dist-tags/${tag}`;
}
