import type { PublicDelivery } from '@promptq/shared/contracts';
import type { Stack } from './stack.ts';
import { until } from './until.ts';

/** The deliveries of a job, as the API lists them. */
export async function deliveriesOf(stack: Stack, jobId: string): Promise<PublicDelivery[]> {
  const response = await stack.request(`/v1/jobs/${jobId}/deliveries`);
  return ((await response.json()) as { data: PublicDelivery[] }).data;
}

/** The delivery of a job, when it has this status and, if asked for, so many tries. */
export function deliveryOf(
  stack: Stack,
  jobId: string,
  status: PublicDelivery['status'],
  tries?: number,
): Promise<PublicDelivery> {
  const inAll = tries === undefined ? '' : ` after ${tries} tries`;
  return until(`the delivery of ${jobId} is ${status}${inAll}`, async () =>
    (await deliveriesOf(stack, jobId)).find(
      (found) => found.status === status && (tries === undefined || found.tries.length === tries),
    ),
  );
}
