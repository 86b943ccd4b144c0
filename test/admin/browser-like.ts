// A browser for tests of signing in, as far as that needs one: cookies by host, and redirects one by one.

interface Cookie {
  readonly value: string;
  readonly sameSite: string;
  readonly attributes: string;
}

export interface Visited {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export class BrowserLike {
  /** By host (without port, as browsers have it), then by name. */
  readonly #jars = new Map<string, Map<string, Cookie>>();

  cookie(host: string, name: string): Cookie | undefined {
    return this.#jars.get(host)?.get(name);
  }

  setCookie(host: string, name: string, value: string): void {
    this.#jar(host).set(name, { value, sameSite: '', attributes: '' });
  }

  /** One request, without following. */
  async ask(
    target: string | URL,
    init: { readonly form?: Readonly<Record<string, string>>; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Visited> {
    const url = new URL(target);
    const jar = this.#jar(url.hostname);
    const cookies = [...jar].map(([name, { value }]) => `${name}=${value}`).join('; ');
    const own = init.form === undefined ? {} : { origin: url.origin, 'sec-fetch-site': 'same-origin' };
    const answer = await fetch(url, {
      method: init.form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookies === '' ? {} : { cookie: cookies }), ...own, ...init.headers },
      ...(init.form === undefined ? {} : { body: new URLSearchParams(init.form) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(url.hostname, line);
    return { url, status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  /** Goes on until there is no redirect any more. */
  async visit(target: string | URL, init: Parameters<BrowserLike['ask']>[1] = {}): Promise<Visited> {
    let visited = await this.ask(target, init);
    for (let hops = 0; hops < 10 && visited.headers.has('location'); hops += 1)
      visited = await this.ask(new URL(visited.headers.get('location') ?? '', visited.url));
    return visited;
  }

  /** Follows redirects until one leads there, and gives that, unfollowed. */
  async untilLedTo(there: string, visited: Visited): Promise<URL> {
    let last = visited;
    for (let hops = 0; hops < 10; hops += 1) {
      const location = new URL(last.headers.get('location') ?? '', last.url);
      if (location.href.startsWith(there)) return location;
      last = await this.ask(location);
    }
    throw new Error(`nothing leads to ${there}`);
  }

  #jar(host: string): Map<string, Cookie> {
    const jar = this.#jars.get(host) ?? new Map<string, Cookie>();
    this.#jars.set(host, jar);
    return jar;
  }

  #keep(host: string, line: string): void {
    const [, name = '', value = '', attributes = ''] = /^([^=;]+)=([^;]*)(.*)$/.exec(line) ?? [];
    const gone = /Max-Age=0\b/i.test(attributes) || /expires=Thu, 01 Jan 1970/i.test(attributes);
    if (gone) this.#jar(host).delete(name);
    else this.#jar(host).set(name, { value, attributes, sameSite: /SameSite=(\w+)/i.exec(attributes)?.[1] ?? '' });
  }
}
