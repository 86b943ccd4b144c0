// Refusals for which the caller is not to blame.
import type { RefusalKind } from './kind.ts';

export const outage = {
  'store-unavailable': {
    status: 503,
    title: 'Token store unreachable',
    pypi: 'invalid-token',
    oauth: 'temporarily_unavailable',
    sentence: () => 'The token store cannot be reached, so nothing can be verified.',
    fix: () => "This is on the proxy's side, not in your job; try again later.",
  },
  'audit-unavailable': {
    status: 503,
    title: 'Audit record cannot be written',
    pypi: 'invalid-token',
    oauth: 'temporarily_unavailable',
    sentence: () => 'The audit record cannot be written, and this proxy does nothing without it.',
    fix: () => "This is on the proxy's side, not in your job; try again later.",
  },
  'upstream-unreachable': {
    status: 502,
    title: 'Registry unreachable',
    sentence: () => 'The registry behind this proxy cannot be reached; nothing was published.',
    fix: () => "This is on the server's side, not in your job; try again later.",
  },
  'upstream-timeout': {
    status: 504,
    title: 'Registry too slow',
    sentence: () => 'The registry behind this proxy did not answer in time; whether the upload was stored is not known.',
    fix: () => 'Look whether the version is there before you try again.',
  },
  'upstream-broken': {
    status: 502,
    title: 'Registry answered nonsense',
    sentence: () => 'The registry behind this proxy broke off or answered what cannot be passed on.',
    fix: () => 'Look whether the version is there before you try again.',
  },
  'upstream-credential': {
    status: 502,
    title: 'Service credential rejected',
    sentence: () => "The registry behind this proxy rejected the proxy's own service credential.",
    fix: () => 'Tell the administrator; your job is fine.',
  },
  'upstream-refused': {
    status: 400,
    title: 'Registry refused',
    sentence: (v) => `The registry behind this proxy answered ${v['status']}${v['text'] ? `: ${v['text']}` : ''}.`,
    fix: () => "The reason is the registry's own: change what it names, or tell its administrator.",
  },
  'too-many': {
    status: 429,
    title: 'Too many requests',
    pypi: 'invalid-token',
    oauth: 'slow_down',
    sentence: (v) => `${v['what']} is the limit.`,
    fix: (v) => `Try again in ${v['seconds']} s.`,
  },
  internal: {
    status: 500,
    title: 'Internal error',
    pypi: 'invalid-token',
    oauth: 'temporarily_unavailable',
    sentence: () => 'Countersign failed on this request; nothing was published.',
    fix: () => 'The request id helps the administrator to find out why.',
  },
} as const satisfies Record<string, RefusalKind>;
