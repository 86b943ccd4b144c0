import { describe, expect, it } from 'vitest';
import { glimpse } from '../../../src/registries/pypi/glimpse.ts';
import { form, plainWith } from './forms.ts';

describe('a glimpse of a form', () => {
  const whole = form(plainWith({ name: 'Acme.UI', version: '1.0' }, 'acme_ui-1.0.tar.gz'));

  it('tells the project by its name, as soon as that has come', () => {
    expect(glimpse(whole)).toBe('acme-ui');
    const at = whole.indexOf('Acme.UI') + 'Acme.UI'.length;
    expect(glimpse(whole.subarray(0, at))).toBeUndefined();
    expect(glimpse(whole.subarray(0, at + 2))).toBe('acme-ui');
  });

  it('tells it by the file where the name comes later, and reads forms that an upload would be refused for', () => {
    expect(glimpse(form(plainWith({ name: undefined, version: '1.0' }, 'acme_ui-1.0.tar.gz')))).toBe('acme-ui');
    expect(glimpse(Buffer.from('--x\nContent-Disposition: form-data; name=name\n\nacme\n--x'))).toBe('acme');
  });

  it('takes nothing for a project that is none', () => {
    for (const text of [
      '',
      'x',
      'name="name"\r\n\r\n../etc\r\n',
      'name="name"\r\n\r\n\u00e9\r\n',
      '; filename="x"',
      '; filename="a/b-1.0.tar.gz"',
    ])
      expect(glimpse(Buffer.from(text)), text).toBeUndefined();
  });

  it('is quick whatever comes (DOS-13)', () => {
    const started = performance.now();
    for (const piece of ['; name="name"\r\n', 'a: b\r\n', '\r\n', '; filename="', 'name=name\n'])
      glimpse(Buffer.from(piece.repeat(65_536 / piece.length)));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
