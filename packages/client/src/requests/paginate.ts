import { bodyGuard } from './body-guard.ts';
import type { Call } from './call.ts';
import type { Transport } from './transport.ts';

interface Page<Item> {
  object: 'list';
  data: Item[];
  has_more: boolean;
  last_id: string | null;
}

/**
 * Yields all items of a list. It requests each page when the loop reaches it, so a loop that ends early requests no
 * further page.
 * @throws {PromptQError} @throws the signal's reason
 */
export async function* paginate<Item>(
  transport: Transport,
  call: Pick<Call, 'path' | 'query' | 'signal'>,
): AsyncGenerator<Item, void> {
  let after = call.query?.['after'];
  for (;;) {
    const { body } = await transport.request(
      { method: 'GET', repeatable: true, ...call, query: { ...call.query, after } },
      bodyGuard<Page<Item>>('list'),
    );
    yield* body.data;
    // An empty page can still have a successor. `last_id` says where it starts.
    if (!body.has_more || body.last_id === null) return;
    after = body.last_id;
  }
}
