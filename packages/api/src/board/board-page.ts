import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the library's page asks for from another host. System fonts do. */
const fonts = /<link\b[^>]*\bhref="https:\/\/fonts\.googleapis\.com\/[^>]*>/g;
/** A placeholder of the library's template (EJS): `<%= escaped %>` or `<%- as it is %>`. */
const placeholder = /<%([=-])\s*(\w+)\s*%>/g;

/**
 * The library's page with its placeholders filled. It is an EJS template with nothing but placeholders, and not worth a
 * dependency.
 * @throws {Error} when the template is not as it was when this was written: it names another host, or has other placeholders
 */
export function boardPage(directory: string, values: Record<string, string>): string {
  const page = readFileSync(join(directory, 'index.ejs'), 'utf8')
    .replaceAll(fonts, '')
    .replaceAll(placeholder, (_, kind: string, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`the page of the board has no value for ${name}`);
      return kind === '=' ? escaped(value) : value;
    });
  if (page.includes('<%') || /(?:src|href)="(?:https?:)?\/\//.test(page)) {
    throw new Error('the page of the board is not the one that is expected');
  }
  return page;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
