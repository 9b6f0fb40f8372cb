/** Tells the answer that is expected from any other. */
export type Recognise<Body> = (body: unknown) => body is Body;

/**
 * Recognises a body of promptq by its member `object`. That finds a wrong address and a proxy's page; the rest is
 * taken as the contract promises it, since a newer API may say more than this client knows.
 */
export function bodyWith<Body extends { object: string }>(object: Body['object']): Recognise<Body> {
  return (body): body is Body =>
    typeof body === 'object' && body !== null && (body as { object?: unknown }).object === object;
}
