import { chat, type Environment } from '../environment/environment.ts';
import { eventually } from '../wait.ts';

const jobsPerSecond = 50;
const tickMs = 100;
/** Beyond this many open requests the load waits: the row is about faults, not about flooding. */
const maxOpen = 200;

/** Submits at a steady rate, whatever is answered. */
export function startLoad(environment: Environment) {
  let n = 0;
  let open = 0;
  let refused = 0;
  const submitOne = async () => {
    open += 1;
    n += 1;
    const { status } = await environment.submit(
      chat(n, '', { timeout_seconds: 20, max_attempts: 5 }),
    );
    if (status !== 202) refused += 1;
    open -= 1;
  };
  const timer = setInterval(() => {
    for (let i = 0; i < (jobsPerSecond * tickMs) / 1_000; i += 1)
      if (open < maxOpen) void submitOne();
  }, tickMs);
  return {
    refused: () => refused,
    stop: async () => {
      clearInterval(timer);
      await eventually(() => open === 0, tickMs);
    },
  };
}
