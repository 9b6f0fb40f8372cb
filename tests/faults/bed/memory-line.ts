/** The `msg` of the line in which the memory probe tells what it found. */
export const memoryLine = 'memory probe';
