import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const pages = globSync(['*.md', '{docs,bench,examples,deploy}/**/*.md', 'packages/*/README.md'], {
  cwd: root,
});

test.each(pages)('every link of %s leads to a file and a heading that exist', async (page) => {
  const text = await read(page);
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
  const broken: string[] = [];
  for (const link of links.filter((link) => !/^https?:/.test(link))) {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : path.join(path.dirname(page), file);
    const isThere = existsSync(path.join(root, target));
    if (!isThere || (anchor && !anchorsOf(await read(target)).includes(anchor))) broken.push(link);
  }
  expect(broken).toEqual([]);
});

test('README.md links to every page of docs/', async () => {
  const readme = await read('README.md');
  const docs = pages.filter((page) => page.startsWith('docs/'));
  expect(docs.length).toBeGreaterThan(10);
  expect(docs.filter((page) => !readme.includes(`(${page})`))).toEqual([]);
});

test('the receiver in docs/webhooks.md is examples/webhooks/receive.mjs', async () => {
  expect(await read('docs/webhooks.md')).toContain(await read('examples/webhooks/receive.mjs'));
});

function read(page: string): Promise<string> {
  return readFile(path.join(root, page), 'utf8');
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
