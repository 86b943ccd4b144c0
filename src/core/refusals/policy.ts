// Refusals of a verified identity token that matches no trusted publisher.
import type { RefusalKind } from './kind.ts';

/** Providers say why an event is dangerous in words that also stand behind a colon. */
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const policy = {
  'publisher-none': {
    status: 403,
    title: 'No trusted publisher',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) => `No trusted publisher lets ${v['anchor']} publish ${v['package'] ?? 'here'}.`,
    fix: () => 'An administrator can add one to the policy file.',
  },
  'publisher-owner-id': {
    status: 403,
    title: 'Owner changed',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `${v['anchor']} belongs to ${v['what']} ${v['actual'] ?? '(none in the token)'}, which is not the one that publisher ${v['publisher']} was made for; the name was moved or taken over.`,
    fix: (v) => `If you moved it, an administrator can update \`${v['field']}\`.`,
  },
  'publisher-repository-id': {
    status: 403,
    title: 'Repository changed',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `${v['anchor']} has ${v['what']} ${v['actual'] ?? '(none in the token)'}, publisher ${v['publisher']} was made for ${v['expected']}; the repository was replaced.`,
    fix: (v) => `If that was you, update \`${v['field']}\`.`,
  },
  'publisher-renamed': {
    status: 403,
    title: 'Repository renamed',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `Publisher ${v['publisher']} knows this repository, by its id, as ${v['expected']}; the token says ${v['actual'] ?? 'none'}.`,
    fix: (v) => `It looks like a rename: change \`${v['field']}:\`${v['actual'] === undefined ? '' : ` to ${v['actual']}`}.`,
  },
  'publisher-workflow': {
    status: 403,
    title: 'Other workflow',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `Publisher ${v['publisher']} expects ${v['what']} ${v['expected']}; this job runs ${v['actual'] ?? 'none that its ref bears out'}.`,
    fix: (v) => `Rename the file, or change \`${v['field']}\` of the publisher in the policy file.`,
  },
  'publisher-workflow-reusable': {
    status: 403,
    title: 'Reusable workflow not named',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `The job is defined in the reusable workflow ${v['actual'] ?? '(none in the token)'}, which publisher ${v['publisher']} ${v['expected'] ? `does not name (it names ${v['expected']})` : 'does not name'}.`,
    fix: (v) => `Add \`called_workflow: ${v['line']}\` to the publisher.`,
  },
  'publisher-environment': {
    status: 403,
    title: 'Other environment',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `Publisher ${v['publisher']} requires environment ${v['expected']}; ${v['actual'] ? `this job uses ${v['actual']}` : 'the token carries none'}.`,
    fix: (v) =>
      v['actual']
        ? 'Use that environment in the job that publishes, or change `environment` of the publisher.'
        : `Add \`environment: ${v['expected']}\` to the job that publishes.`,
  },
  'publisher-ref': {
    status: 403,
    title: 'Other ref',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) => `Publisher ${v['publisher']} allows ${v['what']} ${v['expected']}; this run is on ${v['actual'] ?? 'none'}.`,
    fix: () => 'Publish from an allowed ref, or change the publisher.',
  },
  'publisher-event': {
    status: 403,
    title: 'Event not allowed',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) =>
      `Runs started by ${v['actual'] ?? 'an unknown event'} may not publish; publisher ${v['publisher']} allows ${v['expected']}.`,
    fix: (v) => capital(v['why'] ?? 'start the run by one of these, or list the event under `events:` of the publisher.'),
  },
  'publisher-claim': {
    status: 403,
    title: 'Other claim',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) => `Publisher ${v['publisher']} expects \`${v['field']}\` ${v['expected']}; the token has ${v['actual'] ?? 'none'}.`,
    fix: (v) => `Change the job${v['how'] === undefined ? '' : ` (${v['how']})`}, or \`${v['field']}\` of the publisher.`,
  },
  'publisher-other-package': {
    status: 403,
    title: 'Other package',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) => `${v['anchor']} may publish ${v['allowed']}, not ${v['package']}.`,
    fix: (v) => `Add ${v['package']} to publisher ${v['publisher']}, or give it its own publisher.`,
  },
  'publisher-brief': {
    status: 403,
    title: 'No matching trusted publisher',
    pypi: 'invalid-publisher',
    oauth: 'invalid_grant',
    sentence: (v) => `The identity token is valid, but no trusted publisher of ${v['package'] ?? 'this registry'} matches this job.`,
    fix: () => 'Ask the administrator of the registry; the reason is in its audit log.',
  },
} as const satisfies Record<string, RefusalKind>;
