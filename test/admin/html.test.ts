// HTML that is escaped by construction, and sources that leave no way around it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html, Html } from '../../src/admin/html.ts';
import { ROOT } from '../support/components.ts';

describe('a template', () => {
  test('escapes text, in attributes too, and keeps what another template made', () => {
    const hostile = `"><script>alert('x')</script>&`;
    const inner = html`<b title="${hostile}">${hostile}</b>`;
    const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;';
    expect(String(html`<p>${inner}</p>`)).toBe(`<p><b title="${escaped}">${escaped}</b></p>`);
  });

  test('leaves out what is not there, and takes lists and numbers', () => {
    expect(String(html`<b>${[1, undefined, false, ['a', html`<i></i>`]]}</b>`)).toBe('<b>1a<i></i></b>');
  });

  test('no text gets a tag, a quote or an entity of its own into it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inside = String(html`<i title="${text}">${text}</i>`).slice('<i title="'.length, -'</i>'.length);
        const [attribute = '', ...rest] = inside.split('">');
        expect(rest.join('">')).toBe(attribute);
        expect(attribute).not.toMatch(/[<>"']/);
        expect(attribute.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      }),
    );
  });

  test('nothing but `html` makes what is not escaped: what only looks so is text', () => {
    const forged = { toString: () => '<script></script>' } as unknown as Html;
    expect(() => String(html`${forged}`)).toThrow(TypeError);
    // @ts-expect-error its constructor is private
    expect(() => new Html('<script></script>')).toBeDefined();
  });
});

describe('the sources of the dashboard', () => {
  const sources = globSync('src/admin/**/*.ts', { cwd: ROOT }).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

  test.each(sources)('$path puts values between tags or within double quotes, and never into style or handlers', ({ text }) => {
    expect(text.match(/<[a-z][^<>]*\s[a-z-]+=\$\{/g)).toBeNull();
    expect(text.match(/<[a-z][^>]*='[^']*\$\{/g)).toBeNull();
    expect(text.match(/<(script|style)\b[^>]*>[^<]*\$\{/g)).toBeNull();
    expect(text.match(/<[a-z][^>]*\s(style|on[a-z]+)=/g)).toBeNull();
  });

  test.each(sources)('$path makes no markup but by `html`, and no address but by href.ts', ({ path, text }) => {
    if (path === 'src/admin/html.ts') return;
    expect(text).not.toMatch(/\bHtml\.of\(|new Html\(/);
    if (path === 'src/admin/href.ts') return;
    expect(text).not.toMatch(/as Href\b/);
    // What stands in an address is made by a function of href.ts, or is a constant.
    for (const [, value = ''] of text.matchAll(/\b(?:href|action|src)="\$\{([^}]*)\}/g))
      expect(value).toMatch(/^(to\(|within\(|assets\.\w+\.path$)/);
  });
});
