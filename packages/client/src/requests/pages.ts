import { bodyWith } from './recognise.ts';
import type { Call, Transport } from './transport.ts';

interface Page<Item> {
  object: 'list';
  data: Item[];
  has_more: boolean;
  last_id: string | null;
}

/**
 * Everything a list has, page by page as it is asked for: a loop that ends early asks for no further page.
 * @throws {PromptQError} @throws the signal's reason
 */
export async function* everyItem<Item>(
  transport: Transport,
  call: Pick<Call, 'path' | 'query' | 'signal'>,
): AsyncGenerator<Item, void> {
  let after = call.query?.['after'];
  for (;;) {
    const { body } = await transport.ask(
      { method: 'GET', repeatable: true, ...call, query: { ...call.query, after } },
      bodyWith<Page<Item>>('list'),
    );
    yield* body.data;
    // A page may be empty and still have more behind it: `last_id` says where.
    if (!body.has_more || body.last_id === null) return;
    after = body.last_id;
  }
}
