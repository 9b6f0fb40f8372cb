import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page of the library loads these fonts from another host. System fonts are used instead. */
const fonts = /<link\b[^>]*\bhref="https:\/\/fonts\.googleapis\.com\/[^>]*>/g;
/** A placeholder in the library's template (EJS): `<%= escaped %>` or `<%- unescaped %>`. */
const placeholder = /<%([=-])\s*(\w+)\s*%>/g;

/**
 * Fills the placeholders of the library's page. The page is an EJS template that uses placeholders only, so EJS itself is
 * not a dependency.
 * @throws {Error} when a new version of the template names another host or has unknown placeholders
 */
export function boardPage(directory: string, values: Record<string, string>): string {
  const page = readFileSync(join(directory, 'index.ejs'), 'utf8')
    .replaceAll(fonts, '')
    .replaceAll(placeholder, (_, kind: string, name: string) => {
      const value = values[name];
      if (value === undefined)
        throw new Error(`the template of the board has an unknown placeholder: ${name}`);
      return kind === '=' ? escaped(value) : value;
    });
  if (page.includes('<%') || /(?:src|href)="(?:https?:)?\/\//.test(page)) {
    throw new Error('the template of the board names another host or has an unsupported tag');
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
