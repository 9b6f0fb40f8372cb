/** One call of the API. */
export interface Call {
  method: 'GET' | 'POST';
  /** Starts with `/v1`. */
  path: string;
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  /** Creates the body of one try, because a stream can be read only once. */
  body?: () => RequestInit['body'];
  signal?: AbortSignal | undefined;
  /** Whether the API may carry it out twice without harm. */
  repeatable: boolean;
  /** The time limit of the response, in milliseconds. For a streamed response: of each chunk. */
  timeoutMs?: number;
}

/** The query string of a call, with its question mark, or an empty text. */
export function queryString({ query = {} }: Call): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}
