/** Tells the expected response body from any other. */
export type BodyGuard<Body> = (body: unknown) => body is Body;

/**
 * Returns a guard that checks the `object` member of a body. This detects a wrong address or the page of a proxy. The
 * other members are trusted, because a newer API may send more than this client knows.
 */
export function bodyGuard<Body extends { object: string }>(
  object: Body['object'],
): BodyGuard<Body> {
  return (body): body is Body =>
    typeof body === 'object' && body !== null && (body as { object?: unknown }).object === object;
}
