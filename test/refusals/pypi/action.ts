// The requests of gh-action-pypi-publish before it uploads, as its documentation and PyPI's describe them: audience, identity
// token, exchange. The action itself is a container image, which cannot run here; none of its code is in this file.
const [, , index = ''] = process.argv;
const { origin } = new URL(index);

const { audience } = (await (await fetch(`${origin}/_/oidc/audience`)).json()) as { audience: string };
const asked = await fetch(`${process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''}&audience=${encodeURIComponent(audience)}`, {
  headers: { authorization: `bearer ${process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''}` },
});
const { value } = (await asked.json()) as { value: string };
const exchanged = await fetch(`${origin}/_/oidc/mint-token`, { method: 'POST', body: JSON.stringify({ token: value }) });
const answer = (await exchanged.json()) as { token?: string; errors?: { code: string; description: string }[] };
if (answer.token === undefined) {
  console.error('Token request failed: the server refused the request for the following reasons:');
  for (const { code, description } of answer.errors ?? []) console.error(`* ${code}: ${description}`);
  process.exit(1);
}
