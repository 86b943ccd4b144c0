// The address of a Countersign as a CI job names it.
import { CommandFailed, exitCode } from './exit.ts';

/**
 * Parses `--url` (or `COUNTERSIGN_URL`); its path ends with `/`.
 * @throws CommandFailed (`usage`): https is needed except to this machine, since tokens travel in the request
 */
export function proxyUrl(text: string | undefined, allowHttp: boolean): URL {
  if (!text)
    throw new CommandFailed(exitCode.usage, 'Say where Countersign is: --url https://npm.acme.dev/ or the variable COUNTERSIGN_URL.');
  if (!URL.canParse(text)) throw new CommandFailed(exitCode.usage, '--url is not an absolute URL, for example https://npm.acme.dev/.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new CommandFailed(exitCode.usage, '--url must begin with https://.');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CommandFailed(exitCode.usage, '--url takes no user, password, query or fragment.');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowHttp) {
    throw new CommandFailed(
      exitCode.usage,
      'Over plain http anybody on the way could read the tokens. Use https, or --allow-http in a network you trust.',
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
