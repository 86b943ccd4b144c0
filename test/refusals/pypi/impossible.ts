// What Python clients cannot be made to meet, and why.
import type { Impossible } from '../scenario.ts';

export const exchangesNothing = {
  twine: 'twine does not exchange identity tokens; the command before it does, such as [`countersign mint`](countersign-mint.md).',
};

const npmOnly = 'It is about something that only npm registries have.';

/** For what an identity token is refused for. */
export const pdmLooks =
  'pdm looks into the identity token itself, and says so (`Unable to detect OIDC token for CI platform`) without sending it on.';

/** Codes that none of the clients can be made to meet, but curl: its scenarios are in curl-scenarios.ts. */
export const impossible: Impossible = {
  'token-missing': 'These clients ask for the exchange only with an identity token in hand.',
  'token-static': 'It is about a line of .npmrc.',
  'publisher-other-package':
    'The exchange of these clients names no project: it is answered with all that the job may publish, and `upload-scope` comes later.',
  'upload-exchange-refused':
    'An index learns the project from the body of an upload, which is not read when there is no token; and these clients stop after a refused exchange.',
  'upload-dist-tag': npmOnly,
  'change-stale': npmOnly,
  'change-not-there': 'These clients have no command that yanks; `curl -X DELETE` shows the sentence.',
  'change-unverified': 'It takes an index that says yes and does nothing.',
  'body-digest': 'These clients compute the digests from the file that they send.',
  'body-type': 'These clients send a form and say so.',
  'body-encoding': 'These clients do not compress what they upload.',
  'body-incomplete': 'It takes a client, or a proxy between, that dies in the middle of an upload and then reads the answer.',
  'trust-unproved': npmOnly,
  'trust-in-policy': npmOnly,
  'request-path': 'These clients send everything to the address that they were given.',
  'request-method': 'These clients use the methods that belong to each address.',
  'request-timeout': 'It takes a client, or a proxy between, that stops in the middle of a request.',
  'request-expectation': 'These clients expect nothing.',
  'grant-type': 'These clients do not speak RFC 8693.',
  'scope-invalid': 'These clients do not speak RFC 8693.',
  'target-invalid': 'These clients do not speak RFC 8693.',
  internal: 'It takes a mistake in Countersign.',
};
