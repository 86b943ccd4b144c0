// Refusals of an upload and of the token it carries.
import type { RefusalKind } from './kind.ts';

export const upload = {
  'upload-unauthenticated': {
    status: 401,
    title: 'No credential',
    sentence: () => 'Publishing here needs a trusted publisher, and this request carries no upload token.',
    fix: (v) =>
      `No exchange was seen from this job: check \`permissions: id-token: write\` and that the client supports trusted publishing (npm 11.5.1 or newer, pnpm 11, Yarn 4, uv, pdm, maturin), or get a token with \`countersign mint\`.${v['page'] ? ` See ${v['page']}` : ''}`,
  },
  'upload-exchange-refused': {
    status: 403,
    title: 'The exchange was refused',
    sentence: (v) => `The identity token of this job was refused ${v['ago']} ago: ${v['reason']}`,
    fix: () => 'That is what has to change; an upload comes after a new exchange.',
  },
  'upload-placeholder': {
    status: 401,
    title: 'Placeholder token',
    sentence: () =>
      'The request carries XXXXX-XXXXX-XXXXX-XXXXX, the placeholder that actions/setup-node writes, and no exchange came before it.',
    fix: (v) =>
      `Check \`permissions: id-token: write\` and that the client supports trusted publishing.${v['page'] ? ` See ${v['page']}` : ''}`,
  },
  'upload-token-unknown': {
    status: 401,
    title: 'Upload token not valid',
    sentence: () => 'This upload token is not known: it expired, was revoked, or is not from this proxy.',
    fix: () => 'Exchange a new identity token; build first, exchange last.',
  },
  'upload-token-damaged': {
    status: 401,
    title: 'Upload token damaged',
    sentence: () => 'This upload token is cut short or mistyped: its checksum is wrong.',
    fix: () => 'Check how the job passes it on: whole, on one line, without quotes.',
  },
  'upload-token-withdrawn': {
    status: 403,
    title: 'Upload token withdrawn',
    sentence: (v) =>
      `The policy no longer lets this upload token publish ${v['package'] ?? 'here'}; it changed after the token was minted.`,
    fix: () => 'Ask the administrator what changed, then exchange a new identity token.',
  },
  'upload-limit': {
    status: 401,
    title: 'Upload token used up',
    sentence: (v) =>
      `This upload token is good for ${v['limit']} upload${v['limit'] === '1' ? '' : 's'}, and none is left: made, or under way.`,
    fix: () => 'Exchange a new identity token; `max_uploads` of the publisher sets the number.',
  },
  'upload-scope': {
    status: 403,
    title: 'Upload token is for another package',
    sentence: (v) => `The upload token is for ${v['granted']}, the request is for ${v['package']}.`,
    fix: () => 'Exchange an identity token for this package; where that is refused, a publisher has to list it.',
  },
  'upload-registry': {
    status: 403,
    title: 'Upload token is for another registry',
    sentence: (v) => `The upload token is for ${v['granted']}, this request goes to registry ${v['registry']}.`,
    fix: () => "Publish to the registry that the token is for, or exchange at this one's address.",
  },
  'upload-action': {
    status: 403,
    title: 'Not allowed with an upload token',
    sentence: (v) => `This upload token may ${v['may'] ?? 'publish new versions'}; it may not ${v['action']}.`,
    fix: (v) => v['how'] ?? 'Use an account of your own at the registry for that.',
  },
  'upload-tag-rule': {
    status: 403,
    title: 'Tag and version differ',
    sentence: (v) =>
      `Publisher ${v['publisher']} publishes version ${v['version']} only from tag ${v['expected']}; this run is on ${v['actual'] ?? 'no tag'}.`,
    fix: () => 'Push that tag and release from it, or publish the version that the tag names.',
  },
  'upload-new-package': {
    status: 403,
    title: 'New package',
    sentence: (v) => `${v['package']} does not exist yet, and publisher ${v['publisher']} covers it only by a pattern.`,
    fix: () => 'Name it exactly in the publisher, or set `create: true`.',
  },
  'upload-exists': {
    status: 409,
    title: 'Version exists',
    sentence: (v) => `${v['what']} already exists and cannot be replaced.`,
    fix: () => 'You cannot publish over the previously published versions; choose a new version.',
  },
  'upload-dist-tag': {
    status: 403,
    title: 'dist-tag not allowed',
    sentence: (v) => `The dist-tag ${v['tag']} ${v['problem']}.`,
    fix: () => 'Choose another with --tag, or change `dist_tags` of the publisher.',
  },
  'change-stale': {
    status: 409,
    title: 'Changed meanwhile',
    sentence: (v) => `${v['package']} was changed after it was read for this request (revision ${v['actual']}, now ${v['expected']}).`,
    fix: () => 'Run the command again.',
  },
  'change-not-there': {
    status: 404,
    title: 'Nothing to change',
    sentence: (v) => `The registry has no ${v['what']}.`,
    fix: () => 'Look at the name and the version.',
  },
  'change-unverified': {
    status: 502,
    title: 'Change not seen',
    sentence: (v) => `The registry said yes, but then ${v['problem']}.`,
    fix: () => 'Look at the package before you try again, and tell the administrator.',
  },
  'body-mismatch': {
    status: 400,
    title: 'Names differ',
    sentence: (v) => `${v['where']} says ${v['actual']}, expected ${v['expected']}.`,
    fix: () => 'Make both say the same: build the package anew.',
  },
  'body-invalid': {
    status: 400,
    title: 'Upload not understood',
    sentence: (v) => `The upload is refused because ${v['problem']}.`,
    fix: () => 'Change that, or build the package anew with a current client.',
  },
  'body-digest': {
    status: 400,
    title: 'Digest differs',
    sentence: (v) => `The ${v['algorithm']} of the file is ${v['actual']}, the upload says ${v['expected']}.`,
    fix: () => 'The file was changed between build and upload, or on its way: build and upload it again.',
  },
  'body-type': {
    status: 415,
    title: 'Content type not accepted',
    sentence: (v) => `The upload must be ${v['expected']}; it is ${v['actual'] ?? 'without a content type'}.`,
    fix: () => 'Upload with a client of this kind of registry, such as npm, pnpm, Yarn, twine or uv.',
  },
  'body-encoding': {
    status: 415,
    title: 'Content encoding not accepted',
    sentence: (v) => `Uploads must not be compressed (Content-Encoding ${v['actual']}).`,
    fix: () => 'Turn compression off in the client, or in the proxy between.',
  },
  'body-too-large': {
    status: 413,
    title: 'Upload too large',
    sentence: (v) => `${v['what'] ?? 'The upload'} is larger than ${v['limit']} bytes.`,
    // Only the size of the whole upload is the administrator's to set.
    fix: (v) => `Leave out what it does not need${v['what'] === undefined ? '; an administrator can raise `max_upload`' : ''}.`,
  },
  'body-incomplete': {
    status: 400,
    title: 'Upload incomplete',
    sentence: () => 'The upload ended before it was complete.',
    fix: () => 'Try again; if it happens again, look for a time limit in a proxy between.',
  },
  'trust-unproved': {
    status: 403,
    title: 'Trusted publishers not shown',
    sentence: () => 'The trusted publishers of a package are shown to a job that may publish it, and to nobody else.',
    fix: () => 'Show an upload token for it (`countersign mint --format npmrc`); administrators read the policy file.',
  },
  'trust-in-policy': {
    status: 403,
    title: 'Trusted publishers are in the policy',
    sentence: () => 'Nothing was changed: trusted publishers are in the policy file of this registry.',
    fix: (v) =>
      v['from']
        ? `Under publishers: - { name: ${v['name']}, from: { ${v['from']}, ${v['more']} }, publish: { ${v['publish']} } }`
        : 'Ask its administrator, or change it there.',
  },
  'long-lived-refused': {
    status: 403,
    title: 'Trusted publishing only',
    sentence: (v) => `${v['package'] ?? 'This registry'} accepts trusted publishing only; this request used a long-lived credential.`,
    fix: () => 'Publish from CI with an identity token, and remove the old credential from the job.',
  },
  'long-lived-unnamed': {
    status: 403,
    title: 'Trusted publishing only',
    sentence: () =>
      'Some packages of this registry accept trusted publishing only (`trusted_only`), and what this write changes cannot be told from its path.',
    fix: () => 'Upload to the URL of the registry itself, without a query, or do it at the registry behind this proxy.',
  },
} as const satisfies Record<string, RefusalKind>;
