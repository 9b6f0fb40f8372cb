/** BullMQ keeps stacks with the job, in Redis: this one says nothing and costs room. */
export function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}
