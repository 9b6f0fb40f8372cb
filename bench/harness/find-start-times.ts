interface JobPage {
  data: { started_at: string | null }[];
  has_more: boolean;
  last_id: string | null;
}

/** When the jobs of a tenant started, in milliseconds since 1970, from `GET /v1/jobs`. Jobs without a start are left out. */
export async function findStartTimes(
  port: number,
  headers: Record<string, string>,
): Promise<number[]> {
  const startTimes: number[] = [];
  let after: string | null = null;
  do {
    const query: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const response = await fetch(`http://127.0.0.1:${port}/v1/jobs?limit=100${query}`, { headers });
    if (!response.ok) throw new Error(`GET /v1/jobs answered ${response.status}`);
    const page = (await response.json()) as JobPage;
    for (const { started_at } of page.data) {
      if (started_at !== null) startTimes.push(Date.parse(started_at));
    }
    after = page.has_more ? page.last_id : null;
  } while (after !== null);
  return startTimes;
}
