import { expect } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import type { Stack } from './stack.ts';

interface Page {
  object: 'list';
  data: PublicJob[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

/** A page of `GET /v1/jobs`. */
export async function pageOf(stack: Stack, query: Record<string, string> = {}): Promise<Page> {
  const response = await stack.request(`/v1/jobs?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

/** All pages, one after the other. */
export async function walkAll(
  stack: Stack,
  query: Record<string, string>,
  between?: () => Promise<unknown>,
) {
  const pages: Page[] = [];
  let after: string | null = null;
  do {
    const next: Page = await pageOf(stack, { ...query, ...(after ? { after } : {}) });
    pages.push(next);
    after = next.has_more ? next.last_id : null;
    await between?.();
  } while (after !== null);
  return { pages, ids: pages.flatMap(({ data }) => data.map(({ id }) => id)) };
}
