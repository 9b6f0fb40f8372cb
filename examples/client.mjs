// Submits, waits, streams and runs a batch. With `npx -y pnpm@12 start` running:
//   npx -y pnpm@12 exec node -C @promptq/source examples/client.mjs
import { PromptQ, PromptQError } from '@promptq/client';

const promptq = new PromptQ({ baseUrl: 'http://127.0.0.1:3000' });

// Submit and wait. This is one job, even if the connection breaks and the client tries again.
const job = await promptq.submit({ type: 'chat', input: { message: 'Say hello' } });
const { status, output } = await promptq.wait(job);
console.log(status, output?.response);

// Stream the answer as it arrives.
const question = { type: 'chat', input: { message: 'What is a job queue good for?' } };
for await (const event of promptq.stream(question)) {
  if (event.type === 'output.delta') process.stdout.write(event.data.delta);
  if (event.type === 'output.reset') console.log('\n(that attempt failed; the next one starts)');
}
console.log();

// Submit many requests at once. `batch.submitLines` takes a stream, of up to 50,000 requests.
const requests = ['red', 'green', 'blue'].map((colour) => ({
  custom_id: colour,
  type: 'chat',
  input: { message: `Say ${colour}` },
}));
const batch = await promptq.batch.wait(await promptq.batch.submit({ requests }));
for await (const { custom_id, output } of promptq.batch.results(batch))
  console.log(custom_id, output?.response);

// Every error is a PromptQError, with the API's code, its request id and the faulty members.
try {
  await promptq.submit({ type: 'chat', input: { message: 'Say hello', temperature: 9 } });
} catch (error) {
  if (!(error instanceof PromptQError)) throw error;
  console.log(error.code, error.requestId, error.errors);
}
